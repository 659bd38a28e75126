wrk.method = "PUT"
wrk.body = "a value of some bytes"
