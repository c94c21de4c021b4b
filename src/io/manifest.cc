#include "io/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "apical/atomic_file.h"
#include "apical/error.h"

namespace apical {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostBytes = 64 << 20;
constexpr std::int64_t kVersion = 1;

const std::array<std::string, 4> kStatuses = {"running", "finished", "stopped", "failed"};

// Reads an absent key as the default, so that older records stay readable.
template <class Kind>
void take(const Json& object, const char* key, Kind& into) {
  const auto found = object.find(key);
  if (found != object.end() && !found->is_null()) found->get_to(into);
}

Json part(const Json& object, const char* key) { return object.value(key, Json::object()); }

// Null stands for what is not finite.
std::map<std::string, double> results_of(const Json& json) {
  std::map<std::string, double> results;
  const Json object = part(json, "results");
  for (const auto& [name, value] : object.items()) {
    results[name] = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  }
  return results;
}

RunStatus status_of(const std::string& word, const std::string& where) {
  const auto known = std::find(kStatuses.begin(), kStatuses.end(), word);
  if (known == kStatuses.end()) throw unknown_choice(where, "status", word, kStatuses);
  return static_cast<RunStatus>(known - kStatuses.begin());
}

RunManifest manifest_of(const Json& json, const std::string& where) {
  RunManifest m;
  m.build = {};
  m.machine = {};
  std::string status = kStatuses[0];
  take(json, "id", m.id);
  take(json, "name", m.name);
  take(json, "rule", m.rule);
  take(json, "seed", m.seed);
  take(json, "status", status);
  take(json, "failure", m.failure);
  take(json, "started", m.started);
  take(json, "ended", m.ended);
  take(json, "parent", m.parent);
  m.results = results_of(json);
  take(json, "speed", m.speed);
  take(json, "kernels", m.kernels);
  take(json, "instruction_set", m.instruction_set);
  take(json, "precision", m.precision);
  take(json, "threads", m.threads);
  take(json, "shortened", m.shortened);
  take(json, "command", m.command);
  take(json, "recipe", m.recipe);
  take(part(json, "data"), "name", m.data);
  take(part(json, "data"), "sha256", m.data_sha256);
  const Json build = part(json, "build");
  take(json, "version", m.build.version);
  take(build, "commit", m.build.commit);
  take(build, "compiler", m.build.compiler);
  take(build, "flags", m.build.flags);
  take(build, "type", m.build.type);
  const Json machine = part(json, "machine");
  take(machine, "name", m.machine.cpu);
  take(machine, "cores", m.machine.cores);
  take(machine, "memory_bytes", m.machine.memory_bytes);
  take(machine, "os", m.machine.os);
  m.status = status_of(status, where);
  return m;
}

}  // namespace

const std::string& to_string(RunStatus status) { return kStatuses[static_cast<std::size_t>(status)]; }

void write_manifest(const std::filesystem::path& run_directory, const RunManifest& m) {
  Json json = {{"format", "apical-run"},
               {"format_version", kVersion},
               {"id", m.id},
               {"name", m.name},
               {"rule", m.rule},
               {"seed", m.seed},
               {"status", to_string(m.status)},
               {"started", m.started}};
  if (!m.ended.empty()) json["ended"] = m.ended;
  if (!m.failure.empty()) json["failure"] = m.failure;
  if (!m.parent.empty()) json["parent"] = m.parent;
  if (!m.shortened.empty()) json["shortened"] = m.shortened;
  json["results"] = m.results;
  if (!m.speed.empty()) json["speed"] = m.speed;
  json["data"] = {{"name", m.data}, {"sha256", m.data_sha256}};
  json["version"] = m.build.version;
  json["kernels"] = m.kernels;
  json["instruction_set"] = m.instruction_set;
  json["precision"] = m.precision;
  json["threads"] = m.threads;
  json["build"] = {{"commit", m.build.commit},
                   {"compiler", m.build.compiler},
                   {"flags", m.build.flags},
                   {"type", m.build.type}};
  json["machine"] = {{"name", m.machine.cpu},
                     {"cores", m.machine.cores},
                     {"memory_bytes", m.machine.memory_bytes},
                     {"os", m.machine.os}};
  json["command"] = m.command;
  json["recipe"] = m.recipe;
  // Words of a command line need not be UTF-8.
  write_atomically(run_directory / kManifestName,
                   json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

RunManifest read_manifest(const std::filesystem::path& run_directory) {
  const auto path = run_directory / kManifestName;
  if (!std::filesystem::exists(path)) {
    throw Error(run_directory.string(), "is not a run: it holds no manifest.json.",
                "`apical runs` lists the runs.");
  }
  try {
    const Json json = Json::parse(read_whole(path, kMostBytes));
    if (json.value("format", "") != "apical-run")
      throw Error(path.string(), "is not the manifest of a run of Apical.");
    if (json.value("format_version", kVersion) > kVersion) {
      throw Error(path.string(), "was written by a later version of Apical.",
                  "Use that version, or a later one.");
    }
    return manifest_of(json, path.string());
  } catch (const Json::exception& error) {
    throw Error(path.string(), fmt::format("is damaged: {}.", error.what()), "Restore it from a copy.");
  }
}

}  // namespace apical
