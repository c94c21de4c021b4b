#include "parity/case.h"

#include <fmt/format.h>

#include <array>

#include "apical/error.h"

namespace apical::parity {
namespace {

Activation activation_of(const Field& field, const std::string& name) {
  static const std::array<std::string, 6> kTheirs = {"linear", "relu",    "leakyrelu",
                                                     "tanh",   "sigmoid", "softplus"};
  for (std::size_t i = 0; i < kTheirs.size(); ++i) {
    if (kTheirs[i] == name) return static_cast<Activation>(i);
  }
  field.reject(fmt::format("one of {}", fmt::join(kTheirs, ", ")), fmt::format("'{}'", name));
}

double optional_number(const Field& hyper, std::string_view key, double otherwise) {
  const auto field = hyper.find(key);
  return field ? field->number() : otherwise;
}

}  // namespace

Case::Case(const Field& root) {
  const Field settings = root.at("hyper");
  read_units(root, settings);
  read_activations(settings);
  read_hyper(settings);

  const auto w = root.at("W").items(depth()), q = root.at("Q").items(depth());
  for (std::size_t i = 1; i <= depth(); ++i) {
    W.push_back(w[i - 1].numbers({units[i], units[i - 1]}));
    Q.push_back(q[i - 1].numbers({units[i], outputs()}));
  }
  const Field bias = root.at("b");
  spec.biases = !bias.is_null();
  if (const auto said = settings.find("bias"); said && said->flag() != spec.biases) {
    said->reject(fmt::format("{}, because the field b is {},", spec.biases, spec.biases ? "there" : "null"),
                 fmt::format("{}", !spec.biases));
  }
  if (spec.biases) {
    for (const Field& field : bias.items(depth())) b.push_back(field.numbers({units[b.size() + 1]}));
  }
  x = root.at("x").numbers({batch, units[0]});
  read_targets(root, settings);
  spec.validate(root.path());
}

// Sizes from the weights; `sizes` and `B` of hyper have to agree with them.
void Case::read_units(const Field& root, const Field& settings) {
  const Field w = root.at("W");
  if (w.size() == 0) w.reject("a matrix for each layer", "an empty list");
  for (std::size_t i = 0; i < w.size(); ++i) {
    const Field matrix = w.item(i);
    if (matrix.size() == 0 || matrix.item(0).size() == 0) matrix.reject("a matrix", "an empty list");
    if (i == 0) units.push_back(matrix.item(0).size());
    units.push_back(matrix.size());
  }
  spec.units = units;
  if (const auto sizes = settings.find("sizes")) {
    const auto said = sizes->wholes(units.size());
    for (std::size_t i = 0; i < said.size(); ++i) {
      if (said[i] != static_cast<std::int64_t>(units[i])) {
        sizes->item(i).reject(fmt::format("{}, the size in W,", units[i]), fmt::format("{}", said[i]));
      }
    }
  }
  batch = root.at("x").size();
  if (batch == 0) root.at("x").reject("at least one sample", "an empty list");
  if (const auto said = settings.find("B"); said && said->whole(1) != static_cast<std::int64_t>(batch)) {
    said->reject(fmt::format("{}, the number of samples in x,", batch), fmt::format("{}", said->whole(1)));
  }
}

// One word for all hidden layers, or a list with one for each.
void Case::read_activations(const Field& settings) {
  const Field act = settings.at("act");
  for (std::size_t i = 1; i < depth(); ++i) {
    const Field one = act.is_list() ? act.items(depth() - 1)[i - 1] : act;
    spec.activations.push_back(activation_of(one, one.text()));
  }
  const Field output = settings.at("out_act");
  spec.activations.push_back(activation_of(output, output.text()));
}

void Case::read_hyper(const Field& settings) {
  Hyper& h = hyper;
  h.lam = settings.at("lam").number();
  h.alpha = settings.at("alpha").number();
  h.k_p = settings.at("k_p").number();
  h.dt = settings.at("dt").number();
  h.tcr = settings.at("tcr").number();
  h.tau_a = optional_number(settings, "tau_a", h.dt);
  h.T = settings.at("T").whole(2);
  h.inst = settings.at("inst").flag();
  h.proactive = settings.at("proactive").flag();
  h.alpha_fb = settings.at("alpha_fb").number();
  h.k_p_fb = settings.at("k_p_fb").number();
  h.dt_fb = settings.at("dt_fb").number();
  h.tcr_fb = settings.at("tcr_fb").number();
  h.tau_a_fb = settings.at("tau_a_fb").number();
  h.T_fb = settings.at("T_fb").whole(3);
  h.inst_fb = settings.at("inst_fb").flag();
  h.sigma = settings.at("sigma").number();
  h.sigma_out = optional_number(settings, "sigma_out", h.sigma);
  // how the file was made; what was made is compared
  for (const char* known : {"name", "seed", "gain", "ymag", "initK", "noiseK", "keep", "clip", "clip_fb",
                            "lr", "eps", "lr_fb", "eps_fb", "wd_fb"}) {
    settings.find(known);
  }
}

void Case::read_targets(const Field& root, const Field& settings) {
  const Field name = settings.at("loss"), target = root.at("y");
  if (name.text() == "mse") {
    loss = Loss::mean_squared_error;
    y = target.numbers({batch, outputs()});
    return;
  }
  if (name.text() != "ce") name.reject("one of ce, mse", fmt::format("'{}'", name.text()));
  loss = Loss::cross_entropy;
  for (const Field& field : target.items(batch)) {
    const auto label = field.whole(0);
    if (label >= static_cast<std::int64_t>(outputs())) {
      field.reject(fmt::format("a class below {}", outputs()), fmt::format("{}", label));
    }
    labels.push_back(static_cast<std::int32_t>(label));
  }
}

}  // namespace apical::parity
