internal import CSQLite
internal import Glibc

/// One connection to SQLite. Its owner makes one call after another.
final class SQLiteDatabase {
    private var handle: OpaquePointer?
    let path: String

    /// Opens a database.
    ///
    /// - Parameter vfs: the name of the file layer; nil is the system's.
    init(_ path: String, readOnly: Bool = false, vfs: String? = nil) throws(RaftNodeError) {
        self.path = path
        let access = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &handle, access | SQLITE_OPEN_NOMUTEX, vfs)
        guard code == SQLITE_OK else {
            let error = error(code, "open")
            close()
            throw error
        }
        // SQLite opens a file that it may not write for reading, and fails at its first lock.
        if !readOnly, sqlite3_db_readonly(handle, "main") == 1 {
            close()
            throw RaftNodeError.readOnly(path: path)
        }
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, 0)
        // The journal remains when the connection ends, so that its absence always means a loss.
        var stays: Int32 = 1
        sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &stays)
    }

    deinit { close() }

    /// Closes the connection, after its statements were released.
    func close() {
        sqlite3_close_v2(handle)
        handle = nil
    }

    func run(_ sql: String) throws(RaftNodeError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql) }
    }

    func prepare(_ sql: String) throws(RaftNodeError) -> SQLiteStatement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(
            handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw error(code, sql) }
        return SQLiteStatement(statement, in: self, sql)
    }

    /// Returns the number that a query selects, or 0.
    func number(_ sql: String) throws(RaftNodeError) -> Int64 {
        let statement = try prepare(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : 0
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    func error(_ code: Int32, _ operation: String) -> RaftNodeError {
        let text = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: return .locked(path: path)
        case SQLITE_FULL: return .diskFull(path: path)
        case SQLITE_READONLY: return .readOnly(path: path)
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            return .damaged(path: path, location: "a page of the file", reason: text)
        default:
            let system = handle.map { sqlite3_system_errno($0) } ?? 0
            if [EACCES, EPERM, EROFS].contains(system) { return .readOnly(path: path) }
            let cause = system == 0 ? nil : strerror(system).map { String(cString: $0) }
            return .failed(
                operation: "write or read", path: path,
                reason: "\(text) (SQLite \(code)\(cause.map { ", \($0)" } ?? "")) in \(operation)")
        }
    }
}

/// A prepared statement. Parameters count from 1, columns from 0.
final class SQLiteStatement {
    private let handle: OpaquePointer
    private unowned let database: SQLiteDatabase
    private let sql: String

    init(_ handle: OpaquePointer, in database: SQLiteDatabase, _ sql: String) {
        self.handle = handle
        self.database = database
        self.sql = sql
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ parameter: Int32, _ value: UInt64) {
        sqlite3_bind_int64(handle, parameter, Int64(bitPattern: value))
    }

    /// Runs to the end with a blob as a parameter, without a copy of it.
    func run(blob bytes: [UInt8], at parameter: Int32) throws(RaftNodeError) {
        let code = bytes.withUnsafeBytes { bytes in
            // A nil destructor: SQLite does not copy, and the bytes outlive the step.
            sqlite3_bind_blob(handle, parameter, bytes.baseAddress, Int32(bytes.count), nil)
            return sqlite3_step(handle)
        }
        sqlite3_reset(handle)
        sqlite3_bind_null(handle, parameter)
        guard code == SQLITE_DONE else { throw database.error(code, sql) }
    }

    func run() throws(RaftNodeError) {
        defer { reset() }
        while try step() {}
    }

    /// Executes one step. Returns false after the last row.
    func step() throws(RaftNodeError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw database.error(code, sql)
        }
    }

    func reset() { sqlite3_reset(handle) }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    /// Returns the blob's bytes, valid until the next step.
    func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(
            start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }
}
