#include "probes/probe.h"

#include "apical/error.h"
#include "probes/table.h"

namespace apical {
namespace {

const std::vector<Probe>& probes() {
  static const std::vector<Probe> kAll = [] {
    std::vector<Probe> all;
    for (const auto family : {&update_probes, &feedback_probes, &condition_probes, &stability_probes,
                              &drive_probes, &settling_probes}) {
      for (Probe& probe : family()) all.push_back(std::move(probe));
    }
    return all;
  }();
  return kAll;
}

}  // namespace

std::span<const ProbeInfo> all_probes() {
  static const std::vector<ProbeInfo> kInfos = [] {
    std::vector<ProbeInfo> infos;
    for (const Probe& probe : probes()) infos.push_back(probe.info);
    return infos;
  }();
  return kInfos;
}

const ProbeInfo& probe_named(std::string_view name, const std::string& where) {
  std::vector<std::string> names;
  for (const ProbeInfo& probe : all_probes()) {
    if (probe.name == name) return probe;
    names.push_back(probe.name);
  }
  throw unknown_choice(where, "probe", name, names);
}

Parameter damping_parameter() {
  return real("damping", 0.1, "", 0, 1e6, "γ of the damped references that probes compare with");
}

template <class T>
ProbeValues run_probe(const std::string& name, const ProbeContext<T>& context) {
  for (const Probe& probe : probes()) {
    if (probe.info.name != name) continue;
    if constexpr (sizeof(T) == sizeof(float)) {
      return {probe.of_float(context), probe.info.unit};
    } else {
      return {probe.of_double(context), probe.info.unit};
    }
  }
  throw InternalError("no probe measures " + name);
}

template ProbeValues run_probe(const std::string&, const ProbeContext<float>&);
template ProbeValues run_probe(const std::string&, const ProbeContext<double>&);

}  // namespace apical
