#include "io/sqlite.h"

namespace apical {
namespace {

constexpr int kBusyMilliseconds = 10000;

}  // namespace

Sqlite::Sqlite(const std::string& path) {
  sqlite3* opened = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  handle_.reset(opened);
  if (result != SQLITE_OK) throw SqliteError(sqlite3_errstr(result));
  sqlite3_busy_timeout(opened, kBusyMilliseconds);
}

void Sqlite::run(const std::string& sql) {
  if (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw SqliteError(sqlite3_errmsg(handle()));
  }
}

SqliteStatement::SqliteStatement(const Sqlite& database, const std::string& sql)
    : database_(database.handle()) {
  sqlite3_stmt* prepared = nullptr;
  require(sqlite3_prepare_v2(database_, sql.c_str(), -1, &prepared, nullptr));
  handle_.reset(prepared);
}

void SqliteStatement::require(int result) const {
  if (result != SQLITE_OK) throw SqliteError(sqlite3_errmsg(database_));
}

SqliteStatement& SqliteStatement::bind(const std::string& text) {
  require(sqlite3_bind_text(handle_.get(), ++bound_, text.data(), static_cast<int>(text.size()),
                            SQLITE_TRANSIENT));
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::int64_t number) {
  require(sqlite3_bind_int64(handle_.get(), ++bound_, number));
  return *this;
}

bool SqliteStatement::step() {
  const int result = sqlite3_step(handle_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) throw SqliteError(sqlite3_errmsg(database_));
  return false;
}

std::string SqliteStatement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  return text == nullptr
             ? ""
             : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)));
}

std::int64_t SqliteStatement::whole(int column) const { return sqlite3_column_int64(handle_.get(), column); }

}  // namespace apical
