// The layers of the tree and the arrows that may be drawn between them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "architecture/source_tree.h"

namespace apical::architecture {

// Folder of src/ → the folders that its files may include, itself aside. cli/ stands above everything.
inline const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"core", {}},
    {"dynamics", {}},
    {"kernels", {"core"}},
    {"data", {"core"}},
    {"io", {"core"}},
    {"report", {"core"}},
    {"optim", {"core"}},
    {"network", {"core", "kernels", "dynamics"}},
    {"rules", {"core", "network"}},
    {"registry", {"core", "network"}},
    {"probes", {"core", "kernels", "network"}},
    {"parity", {"core", "kernels", "network", "optim", "probes"}},
    {"workloads", {"core", "kernels", "network", "optim"}},
    {"experiment", {"core", "kernels", "data", "io", "network", "rules", "optim", "probes"}},
    {"reproduction",
     {"core", "kernels", "data", "io", "network", "rules", "optim", "probes", "report", "experiment"}},
};

// Which folder implements a public header. rule.h is the interface that the network calls; its registry is
// found when the program is linked.
inline const std::map<std::string, std::string> kPublicHeaders = {
    {"activation.h", "core"},
    {"atomic_file.h", "io"},
    {"card.h", "core"},
    {"checkpoint.h", "io"},
    {"comparison.h", "experiment"},
    {"cost.h", "experiment"},
    {"data.h", "data"},
    {"data_catalogue.h", "data"},
    {"data_hash.h", "data"},
    {"data_split.h", "data"},
    {"deep_feedback.h", "network"},
    {"least_control.h", "network"},
    {"strong_feedback.h", "network"},
    {"environment.h", "io"},
    {"equivalence.h", "reproduction"},
    {"error.h", "core"},
    {"loss.h", "network"},
    {"network.h", "network"},
    {"npz_writer.h", "io"},
    {"optimizer.h", "optim"},
    {"optimizer_settings.h", "core"},
    {"parameter.h", "core"},
    {"parity.h", "parity"},
    {"probe.h", "probes"},
    {"published_figure.h", "reproduction"},
    {"recipe.h", "io"},
    {"report.h", "report"},
    {"reproduction.h", "reproduction"},
    {"rule.h", "network"},
    {"run.h", "io"},
    {"run_index.h", "io"},
    {"safetensors.h", "io"},
    {"scope.h", "experiment"},
    {"settling.h", "network"},
    {"synapses.h", "network"},
    {"table.h", "report"},
    {"teacher_settings.h", "core"},
    {"terminal.h", "report"},
    {"training.h", "experiment"},
    {"trial.h", "network"},
};

// Folder that a file of src/ or a public header belongs to; empty: not known.
inline std::string layer_of(const std::string& file) {
  if (file.starts_with("include/apical/") || file.starts_with("apical/")) {
    const auto found = kPublicHeaders.find(file.substr(file.rfind('/') + 1));
    return found == kPublicHeaders.end() ? "" : found->second;
  }
  const std::string path = file.starts_with("src/") ? file.substr(4) : file;
  const std::string folder = path.substr(0, path.find('/'));
  return path.find('/') != std::string::npos && kMayInclude.contains(folder) ? folder : "";
}

// Every arrow of the tree that should not be there, one line each.
inline std::vector<std::string> wrong_includes(const fs::path& root) {
  std::vector<std::string> wrong;
  const auto complain = [&](const std::string& file, const Include& include, const std::string& why) {
    wrong.push_back(file + ":" + std::to_string(include.line) + " includes " + include.target + ": " + why);
  };
  std::vector<std::string> files = sources_below(root, "src");
  for (const std::string& file : sources_below(root, "include/apical")) files.push_back(file);
  for (const std::string& file : files) {
    const bool is_public = file.starts_with("include/");
    const std::string layer = layer_of(file);
    if (layer.empty()) {
      wrong.push_back(file + " belongs to no layer that layers.h knows");
      continue;
    }
    const bool rule = layer == "rules" && file.ends_with(".cc");
    for (const Include& include : includes_of(text_of(root / file))) {
      if (layer == "dynamics") complain(file, include, "laws include nothing");
      if (rule && include.target != "apical/rule.h")
        complain(file, include, "rules include apical/rule.h only");
      if (is_public && include.target.starts_with("apical/") == include.system)
        complain(file, include, "public headers use each other and the standard library only");
      const bool vectors = layer == "kernels" || layer == "optim";
      if (include.target.starts_with("hwy/") && !vectors)
        complain(file, include, "vector instructions stand in kernels and optim only");
      if (include.system) {
        const bool third_party = include.target.find_first_of("./") != std::string::npos;
        if (is_public && third_party) complain(file, include, "no third-party types in public headers");
        continue;
      }
      if (include.target.find('/') == std::string::npos || include.target.starts_with("hwy/")) continue;
      const std::string other = layer_of(include.target);
      if (other.empty()) complain(file, include, "belongs to no layer that layers.h knows");
      if (!other.empty() && other != layer && !kMayInclude.at(layer).contains(other))
        complain(file, include, layer + " may not see " + other);
    }
  }
  return wrong;
}

}  // namespace apical::architecture
