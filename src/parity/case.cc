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

bool optional_flag(const Field& hyper, std::string_view key, bool otherwise) {
  const auto field = hyper.find(key);
  return field ? field->flag() : otherwise;
}

}  // namespace

Case::Case(const Field& root, FileKind kind) {
  const bool is_strong = kind == FileKind::strong;
  const Field settings = root.at("hyper");
  read_units(root, settings);
  read_activations(settings, is_strong);
  is_strong ? read_strong_hyper(settings) : read_hyper(settings);

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
  is_strong ? read_strong_targets(root, settings) : read_targets(root, settings);
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
void Case::read_activations(const Field& settings, bool optional) {
  // files of strong feedback leave out what was never varied
  if (optional && !settings.find("act")) {
    spec.activations.assign(depth() - 1, Activation::tanh);
  } else {
    read_hidden_activations(settings.at("act"));
  }
  if (optional && !settings.find("out_act")) {
    spec.activations.push_back(Activation::linear);
    return;
  }
  const Field output = settings.at("out_act");
  spec.activations.push_back(activation_of(output, output.text()));
}

void Case::read_hidden_activations(const Field& act) {
  for (std::size_t i = 1; i < depth(); ++i) {
    const Field one = act.is_list() ? act.items(depth() - 1)[i - 1] : act;
    spec.activations.push_back(activation_of(one, one.text()));
  }
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

void Case::read_strong_hyper(const Field& settings) {
  Hyper& h = hyper;
  StrongHyper& s = strong;
  h.lam = 0;
  h.alpha = settings.at("alpha").number();
  h.k_p = settings.at("k_p").number();
  h.dt = settings.at("dt").number();
  h.tcr = settings.at("tcr").number();
  h.tau_a = h.dt;
  h.T = settings.at("T").whole(3);
  h.inst = h.inst_fb = true;
  h.proactive = optional_flag(settings, "proactive", true);
  h.alpha_fb = settings.at("alpha_fb").number();
  h.k_p_fb = settings.at("k_p_fb").number();
  h.dt_fb = optional_number(settings, "dt_fb", h.dt);
  h.tcr_fb = optional_number(settings, "tcr_fb", h.tcr);
  h.tau_a_fb = optional_number(settings, "tau_a_fb", h.dt_fb);
  h.T_fb = settings.at("T_fb").whole(3);
  s.sigma = settings.at("sigma").number();
  s.sigma_out = optional_number(settings, "sigma_out", s.sigma);
  h.sigma = optional_number(settings, "sigma_fb", s.sigma);
  h.sigma_out = optional_number(settings, "sigma_out_fb", h.sigma);
  s.tau_noise = settings.at("tau_noise").number();
  s.tau_f = settings.at("tau_f").number();
  s.T_sp = settings.find("T_sp") ? settings.at("T_sp").whole(3) : h.T_fb;
  s.true_class = optional_number(settings, "tcv", 1);
  s.scaled = optional_flag(settings, "scaling_fb_updates", true);
  for (const char* time : {"tau_noise", "tau_f"}) {
    const Field field = settings.at(time);
    if (!(field.number() > 0)) field.reject("a time constant above 0", fmt::format("{}", field.number()));
  }
  for (const char* known : {"name", "seed", "gain", "ymag", "initQ", "initK", "noiseK", "noiseQ", "keep"})
    settings.find(known);
}

// Labels, or real targets; target_clamped is compared where it follows from the labels.
void Case::read_strong_targets(const Field& root, const Field& settings) {
  const Field name = settings.at("loss");
  if (name.text() != "ce" && name.text() != "mse")
    name.reject("one of ce, mse", fmt::format("'{}'", name.text()));
  const auto labels_field = root.find("labels"), y_field = root.find("y");
  if (name.text() == "ce") {
    loss = Loss::cross_entropy;
    read_labels(labels_field ? *labels_field : root.at("y"));
    return;
  }
  loss = Loss::mean_squared_error;
  y = root.at("target_clamped").numbers({batch, outputs()});
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
  read_labels(target);
}

void Case::read_labels(const Field& target) {
  for (const Field& field : target.items(batch)) {
    const auto label = field.whole(0);
    if (label >= static_cast<std::int64_t>(outputs())) {
      field.reject(fmt::format("a class below {}", outputs()), fmt::format("{}", label));
    }
    labels.push_back(static_cast<std::int32_t>(label));
  }
}

}  // namespace apical::parity
