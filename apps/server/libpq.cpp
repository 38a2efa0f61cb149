// libpq.cpp - the functions of libpq that the store calls.
//
// The linker takes these, so the server needs no library to have them. They are hidden, because the
// library's own functions call each other by name and must not find them.

#include "libpq.hpp"

#include <dlfcn.h>
#include <libpq-fe.h>

#include <string>

namespace server {

namespace {

constexpr const char* library_name = "libpq.so.5";

// The library's function of the same name.
template <auto Function>
decltype(Function) loaded{};

class loader final {
 public:
  loader() : library_{dlopen(library_name, RTLD_NOW | RTLD_LOCAL)} {
    if (!library_) {
      problem_ = dlerror();
      return;
    }
    find<&PQbackendPID>("PQbackendPID");
    find<&PQclear>("PQclear");
    find<&PQcmdStatus>("PQcmdStatus");
    find<&PQcmdTuples>("PQcmdTuples");
    find<&PQconnectdbParams>("PQconnectdbParams");
    find<&PQconninfoFree>("PQconninfoFree");
    find<&PQconninfoParse>("PQconninfoParse");
    find<&PQconsumeInput>("PQconsumeInput");
    find<&PQenterPipelineMode>("PQenterPipelineMode");
    find<&PQerrorMessage>("PQerrorMessage");
    find<&PQexec>("PQexec");
    find<&PQexitPipelineMode>("PQexitPipelineMode");
    find<&PQfinish>("PQfinish");
    find<&PQflush>("PQflush");
    find<&PQfreemem>("PQfreemem");
    find<&PQftype>("PQftype");
    find<&PQgetResult>("PQgetResult");
    find<&PQgetisnull>("PQgetisnull");
    find<&PQgetlength>("PQgetlength");
    find<&PQgetvalue>("PQgetvalue");
    find<&PQisBusy>("PQisBusy");
    find<&PQnotifies>("PQnotifies");
    find<&PQntuples>("PQntuples");
    find<&PQparameterStatus>("PQparameterStatus");
    find<&PQpingParams>("PQpingParams");
    find<&PQpipelineSync>("PQpipelineSync");
    find<&PQputCopyData>("PQputCopyData");
    find<&PQputCopyEnd>("PQputCopyEnd");
    find<&PQresultErrorField>("PQresultErrorField");
    find<&PQresultErrorMessage>("PQresultErrorMessage");
    find<&PQresultStatus>("PQresultStatus");
    find<&PQsendPrepare>("PQsendPrepare");
    find<&PQsendQueryParams>("PQsendQueryParams");
    find<&PQsendQueryPrepared>("PQsendQueryPrepared");
    find<&PQsetNoticeReceiver>("PQsetNoticeReceiver");
    find<&PQsetnonblocking>("PQsetnonblocking");
    find<&PQsocket>("PQsocket");
    find<&PQstatus>("PQstatus");
  }

  const std::string& problem() const { return problem_; }

 private:
  template <auto Function>
  void find(const char* name) {
    loaded<Function> = reinterpret_cast<decltype(Function)>(dlsym(library_, name));
    if (!loaded<Function>) problem_ = std::string{library_name} + " is too old: no " + name;
  }

  void* library_;
  std::string problem_{};
};

}  // namespace

comments::result<comments::done> load_libpq() {
  static const loader once;
  if (once.problem().empty()) return comments::ok();
  return comments::error{comments::errc::unavailable,
                         "PostgreSQL's client library cannot be loaded: " + once.problem()};
}

}  // namespace server

using server::loaded;

#pragma GCC visibility push(hidden)

extern "C" {

int PQbackendPID(const PGconn* on) { return loaded<&PQbackendPID>(on); }
void PQclear(PGresult* from) { loaded<&PQclear>(from); }
char* PQcmdStatus(PGresult* from) { return loaded<&PQcmdStatus>(from); }
char* PQcmdTuples(PGresult* from) { return loaded<&PQcmdTuples>(from); }
PGconn* PQconnectdbParams(const char* const* names, const char* const* values, int expand_dbname) {
  return loaded<&PQconnectdbParams>(names, values, expand_dbname);
}
void PQconninfoFree(PQconninfoOption* options) { loaded<&PQconninfoFree>(options); }
PQconninfoOption* PQconninfoParse(const char* text, char** message) {
  return loaded<&PQconninfoParse>(text, message);
}
int PQconsumeInput(PGconn* on) { return loaded<&PQconsumeInput>(on); }
int PQenterPipelineMode(PGconn* on) { return loaded<&PQenterPipelineMode>(on); }
char* PQerrorMessage(const PGconn* on) { return loaded<&PQerrorMessage>(on); }
PGresult* PQexec(PGconn* on, const char* query) { return loaded<&PQexec>(on, query); }
int PQexitPipelineMode(PGconn* on) { return loaded<&PQexitPipelineMode>(on); }
void PQfinish(PGconn* on) { loaded<&PQfinish>(on); }
int PQflush(PGconn* on) { return loaded<&PQflush>(on); }
void PQfreemem(void* memory) { loaded<&PQfreemem>(memory); }
Oid PQftype(const PGresult* from, int column) { return loaded<&PQftype>(from, column); }
PGresult* PQgetResult(PGconn* on) { return loaded<&PQgetResult>(on); }
int PQgetisnull(const PGresult* from, int row, int column) {
  return loaded<&PQgetisnull>(from, row, column);
}
int PQgetlength(const PGresult* from, int row, int column) {
  return loaded<&PQgetlength>(from, row, column);
}
char* PQgetvalue(const PGresult* from, int row, int column) {
  return loaded<&PQgetvalue>(from, row, column);
}
int PQisBusy(PGconn* on) { return loaded<&PQisBusy>(on); }
PGnotify* PQnotifies(PGconn* on) { return loaded<&PQnotifies>(on); }
int PQntuples(const PGresult* from) { return loaded<&PQntuples>(from); }
const char* PQparameterStatus(const PGconn* on, const char* name) {
  return loaded<&PQparameterStatus>(on, name);
}
PGPing PQpingParams(const char* const* names, const char* const* values, int expand_dbname) {
  return loaded<&PQpingParams>(names, values, expand_dbname);
}
int PQpipelineSync(PGconn* on) { return loaded<&PQpipelineSync>(on); }
int PQputCopyData(PGconn* on, const char* bytes, int size) {
  return loaded<&PQputCopyData>(on, bytes, size);
}
int PQputCopyEnd(PGconn* on, const char* message) { return loaded<&PQputCopyEnd>(on, message); }
char* PQresultErrorField(const PGresult* from, int field) {
  return loaded<&PQresultErrorField>(from, field);
}
char* PQresultErrorMessage(const PGresult* from) { return loaded<&PQresultErrorMessage>(from); }
ExecStatusType PQresultStatus(const PGresult* from) { return loaded<&PQresultStatus>(from); }
int PQsendPrepare(PGconn* on, const char* name, const char* query, int count, const Oid* types) {
  return loaded<&PQsendPrepare>(on, name, query, count, types);
}
int PQsendQueryParams(PGconn* on, const char* query, int count, const Oid* types,
                      const char* const* values, const int* lengths, const int* formats,
                      int result_format) {
  return loaded<&PQsendQueryParams>(on, query, count, types, values, lengths, formats,
                                    result_format);
}
int PQsendQueryPrepared(PGconn* on, const char* name, int count, const char* const* values,
                        const int* lengths, const int* formats, int result_format) {
  return loaded<&PQsendQueryPrepared>(on, name, count, values, lengths, formats, result_format);
}
PQnoticeReceiver PQsetNoticeReceiver(PGconn* on, PQnoticeReceiver receive, void* argument) {
  return loaded<&PQsetNoticeReceiver>(on, receive, argument);
}
int PQsetnonblocking(PGconn* on, int argument) { return loaded<&PQsetnonblocking>(on, argument); }
int PQsocket(const PGconn* on) { return loaded<&PQsocket>(on); }
ConnStatusType PQstatus(const PGconn* on) { return loaded<&PQstatus>(on); }

}  // extern "C"

#pragma GCC visibility pop
