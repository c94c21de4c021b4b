// A thin hold on SQLite: handles that close themselves, and its errors in this project's form.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace apical {

// What SQLite said; the caller turns it into an Error or into a new database.
class SqliteError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Sqlite {
 public:
  // ":memory:" is a database of its own.
  explicit Sqlite(const std::string& path);

  // Statements without parameters or results.
  void run(const std::string& sql);
  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// One prepared statement: bind in order, then step over the rows.
class SqliteStatement {
 public:
  SqliteStatement(const Sqlite& database, const std::string& sql);

  SqliteStatement& bind(const std::string& text);
  SqliteStatement& bind(std::int64_t number);
  // True if there is a row.
  bool step();
  std::string text(int column) const;
  std::int64_t whole(int column) const;

 private:
  void require(int result) const;

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bound_ = 0;
};

}  // namespace apical
