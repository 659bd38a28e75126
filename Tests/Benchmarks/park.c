#define _GNU_SOURCE
// Blocking queries by the thousand. argv: port, count, path with its query, key to write, rounds.
//
// Opens `count` connections, each from one of many loopback addresses (agents bound the number per
// address), and puts the query on each. With rounds: writes the key and prints the nanoseconds until
// the last query is answered, then parks them all again behind the index of their answers. Without:
// prints "parked" and holds them until its input ends.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int port;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int dial(int number) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s < 0) fail("socket");
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(0x7F010000 + 2 + number / 100);
    if (bind(s, (struct sockaddr *)&own, sizeof own) != 0) fail("bind");
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(s, (struct sockaddr *)&peer, sizeof peer) != 0) fail("connect");
    int on = 1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return s;
}

static void ask(int s, const char *path, unsigned long long index) {
    char text[512];
    int length = snprintf(text, sizeof text, "GET %s&index=%llu HTTP/1.1\r\nHost: x\r\n\r\n", path,
                          index);
    if (write(s, text, length) != length) fail("write");
}

// Reads one small answer, and gives the index it bears.
static unsigned long long answer(int s) {
    char text[4096];
    int have = 0;
    for (;;) {
        int n = read(s, text + have, sizeof text - 1 - have);
        if (n <= 0) fail("read");
        have += n;
        text[have] = 0;
        char *end = strstr(text, "\r\n\r\n");
        char *length = strcasestr(text, "Content-Length: ");
        if (end && length && have >= end + 4 - text + atoi(length + 16)) break;
    }
    char *index = strcasestr(text, "X-Consul-Index: ");
    return index ? strtoull(index + 16, NULL, 10) : 0;
}

int main(int words, char **word) {
    if (words < 6) return 1;
    port = atoi(word[1]);
    int count = atoi(word[2]), rounds = atoi(word[5]);
    int *all = calloc(count, sizeof *all);
    int events = epoll_create1(0);
    int writer = dial(0);
    ask(writer, word[3], 0);
    unsigned long long index = answer(writer);
    for (int i = 0; i < count; i++) {
        all[i] = dial(100 + i);
        struct epoll_event e = {.events = EPOLLIN, .data.fd = all[i]};
        epoll_ctl(events, EPOLL_CTL_ADD, all[i], &e);
        ask(all[i], word[3], index);
    }
    struct epoll_event ready[256];
    // Quiet for half a second: all are parked.
    while (epoll_wait(events, ready, 1, 500) > 0) answer(ready[0].data.fd);
    if (rounds == 0) {
        printf("parked\n");
        fflush(stdout);
        char c;
        while (read(0, &c, 1) > 0) {}
        return 0;
    }
    for (int round = 0; round < rounds; round++) {
        char text[512], body[64];
        int size = snprintf(body, sizeof body, "%d-%lld", round, now());
        int length = snprintf(text, sizeof text,
                              "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", word[4],
                              size, body);
        long long begun = now();
        if (write(writer, text, length) != length) fail("write");
        for (int left = count; left > 0;) {
            int n = epoll_wait(events, ready, 256, 10000);
            if (n <= 0) fail("the queries were not answered");
            for (int i = 0; i < n; i++) index = answer(ready[i].data.fd), left--;
        }
        printf("%lld\n", now() - begun);
        fflush(stdout);
        answer(writer);
        for (int i = 0; i < count; i++) ask(all[i], word[3], index);
        while (epoll_wait(events, ready, 1, 500) > 0) answer(ready[0].data.fd);
    }
    return 0;
}
