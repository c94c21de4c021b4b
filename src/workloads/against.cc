#include "workloads/against.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apical/error.h"

namespace apical::workloads {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kLoss = 1.05;

void require_same(const std::string& before, const std::string& now, const std::string& what,
                  const std::string& where, const std::string& hint) {
  if (before == now) return;
  throw Error(
      where,
      fmt::format("was counted with {} {}, here it is {}: the counts cannot be compared.", what, before, now),
      hint);
}

}  // namespace

bool BenchRatio::lost() const { return !(ratio() < kLoss); }

bool BenchComparison::lost() const {
  return std::any_of(ratios.begin(), ratios.end(), [](const BenchRatio& ratio) { return ratio.lost(); });
}

std::string situation_json(const BenchSituation& s) {
  return Json{{"format", kBenchFormat},
              {"version", s.version},
              {"commit", s.commit},
              {"compiler", s.compiler},
              {"cpu", s.cpu},
              {"precision", s.precision},
              {"counter", s.counter},
              {"counted_kernels", s.counted_kernels},
              {"counted_work", s.counted_work}}
      .dump();
}

EarlierBench read_bench(const std::string& text, const std::string& where) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw Error(where, "is not JSON.", "Make it with `apical bench --json > FILE`.");
  if (!json.is_object() || !json.contains("bench") || !json.contains("rows"))
    throw Error(where, "is not the output of `apical bench --json`: it has no members `bench` and `rows`.");
  EarlierBench earlier;
  try {
    const Json& bench = json.at("bench");
    if (const int format = bench.at("format").get<int>(); format > kBenchFormat) {
      throw Error(where,
                  fmt::format("was written by a later version of Apical (format {}; this one reads {}).",
                              format, kBenchFormat),
                  "Use that version, or measure again.");
    }
    BenchSituation& s = earlier.situation;
    for (const auto& [key, value] :
         {std::pair{"version", &s.version}, std::pair{"commit", &s.commit},
          std::pair{"compiler", &s.compiler}, std::pair{"cpu", &s.cpu}, std::pair{"precision", &s.precision},
          std::pair{"counter", &s.counter}, std::pair{"counted_kernels", &s.counted_kernels},
          std::pair{"counted_work", &s.counted_work}})
      bench.at(key).get_to(*value);
    for (const Json& row : json.at("rows")) {
      const Json& count = row.at("instructions");
      if (count.is_number() && count.get<double>() > 0)
        earlier.instructions[row.at("workload").get<std::string>()] = count.get<double>();
    }
  } catch (const Json::exception& error) {
    throw Error(where, fmt::format("is damaged: {}.", error.what()),
                "Make it again with `apical bench --json > FILE`.");
  }
  if (earlier.instructions.empty()) {
    throw Error(
        where, "holds no instruction counts.",
        "They are left out by --no-instructions, and where neither perf_event nor valgrind can be had.");
  }
  return earlier;
}

BenchComparison compare_benches(const EarlierBench& before, const EarlierBench& now,
                                const std::string& where) {
  const BenchSituation &b = before.situation, &n = now.situation;
  require_same(b.counter, n.counter, "the counter", where,
               "Measure both on one machine, or where both are there.");
  require_same(b.counted_kernels, n.counted_kernels, "kernels for", where,
               "Measure both on processors of one kind, or name the set with --kernels.");
  require_same(b.precision, n.precision, "precision", where, "Name it with --precision.");
  require_same(b.counted_work, n.counted_work, "the work", where, "Measure again with one version.");
  BenchComparison comparison;
  const auto note_difference = [&](const std::string& what, const std::string& before_,
                                   const std::string& now_) {
    if (before_ != now_)
      comparison.notes.push_back(fmt::format("Another {}: {} then, {} now.", what, before_, now_));
  };
  note_difference("version", b.version + " " + b.commit, n.version + " " + n.commit);
  note_difference("compiler", b.compiler, n.compiler);
  note_difference("machine", b.cpu, n.cpu);
  for (const auto& [workload, count] : now.instructions) {
    const auto earlier = before.instructions.find(workload);
    if (earlier == before.instructions.end()) {
      comparison.notes.push_back(fmt::format("{} is not in the file.", workload));
    } else {
      comparison.ratios.push_back({workload, earlier->second, count});
    }
  }
  if (comparison.ratios.empty()) throw Error(where, "has no workload in common with what was measured now.");
  return comparison;
}

}  // namespace apical::workloads
