// Strong feedback: the clamped output, learning in two phases and in a single one.
#include <map>
#include <optional>

#include "apical/loss.h"
#include "apical/rule.h"
#include "parity/checks.h"
#include "parity/recording.h"

namespace apical::parity {
namespace {

constexpr std::string_view kRule = "strong-dfc";
// What learns in the single phase beside the forward weights.
const std::vector<std::string> kFeedback = {"feedback"};

Overrides settings_of(const Case& example) {
  const Hyper& h = example.hyper;
  const StrongHyper& s = example.strong;
  return {{"phases", "two"},
          {"include_non_converged", true},
          {"true_class", s.true_class},
          {"tau_noise", s.tau_noise},
          {"tau_filter", s.tau_f},
          {"scale_layers", s.scaled},
          {"sigma_output_fb", h.sigma_out}};
}

Overrides with(Overrides settings, const Overrides& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

// Cross-entropy with shared labels y, Σ_k y_k · (loss of class k); mean squared error.
double clamped_loss(const Case& example, const std::vector<double>& target, const std::vector<double>& r,
                    std::size_t row) {
  const std::size_t n = example.outputs();
  std::vector<double> gradient(n);
  const double *y = target.data() + row * n, *output = r.data() + row * n;
  if (example.loss != Loss::cross_entropy)
    return loss_of(example.loss, output, n, -1, y, gradient.data()).loss;
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k)
    sum += y[k] * loss_of(example.loss, output, n, static_cast<std::int32_t>(k), y, gradient.data()).loss;
  return sum;
}

std::vector<double> clamped_losses(const Case& example, const std::vector<double>& target,
                                   const std::vector<double>& r) {
  std::vector<double> losses;
  for (std::size_t row = 0; row < example.batch; ++row)
    losses.push_back(clamped_loss(example, target, r, row));
  return losses;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::vector<double> controls(const Recording& recording) {
  std::vector<double> u;
  for (const Snapshot& state : recording.first()) u.insert(u.end(), state.u.begin(), state.u.end());
  return u;
}

class Strong {
 public:
  Strong(const Bench& bench)
      : bench_(bench),
        example_(bench.example),
        engine_(bench.example, bench.where(), kRule, bench.example.Q) {}

  void check() {
    check_controller();
    check_forward_updates();
    if (const auto field = bench_.root().find("feedback_learning_2phase")) {
      for (const std::string& noise : field->keys()) check_feedback_learning(field->at(noise), noise);
    }
    if (const auto field = bench_.root().find("single_phase")) check_single_phase(*field);
    // a sentence where the authors' function, which multiplies by W in place of its transpose, does not run
    const auto ratio = bench_.root().find("ratio_fb_over_ff_official_fn");
    if (ratio && !ratio->is_text())
      bench_.results.push_back(
          skipped(ratio->path(), "the authors' ratio multiplies by the wrong side of W"));
  }

 private:
  void run(const Overrides& settings, const PassContext& pass = {}) {
    engine_.run(kRule, with(settings_of(example_), settings), pass);
  }

  // The output clamped while awake, without noise; the feedforward pass and the target on the way.
  void check_controller() {
    const Field root = bench_.root(), field = root.at("controller_noiseless"), final = field.at("final");
    const std::size_t batch = example_.batch, outputs = example_.outputs();
    const std::size_t kept = field.find("steps_kept")
                                 ? static_cast<std::size_t>(field.at("steps_kept").whole(1))
                                 : field.at("u").size();
    if (kept < 1 || kept > static_cast<std::size_t>(example_.hyper.T))
      field.at("u").reject("from 1 to hyper.T states", std::to_string(kept));
    Recording recording(example_, kept);
    engine_.set_observer(&recording);
    run({{"learning", "last"}});
    engine_.set_observer(nullptr);

    const BatchState<double>& state = engine_.minibatch().state();
    Matrices v, r;
    for (std::size_t i = 1; i <= example_.depth(); ++i) {
      v.push_back(engine_.rows(state.v[i], example_.units[i]));
      r.push_back(engine_.rows(state.rate[i], example_.units[i]));
    }
    bench_.compare_layers(root.at("ff").at("v"), v);
    bench_.compare_layers(root.at("ff").at("r"), r);
    bench_.compare(root.at("target_clamped"), recording.clamped(), {batch, outputs});
    if (const auto loss = root.find("loss"))
      bench_.compare(*loss, {mean(clamped_losses(example_, recording.clamped(), r.back()))}, {});

    std::vector<double> r_L;
    for (const Snapshot& now : recording.first())
      r_L.insert(r_L.end(), now.r.back().begin(), now.r.back().end());
    bench_.compare(field.at("u"), controls(recording), {kept, batch, outputs});
    bench_.compare(field.at("r_L"), r_L, {kept, batch, outputs});
    const Snapshot& last = recording.last();
    bench_.compare(final.at("u"), last.u, {batch, outputs});
    bench_.compare_layers(final.at("r"), last.r);
    bench_.compare_layers(final.at("v_soma"), last.v_soma);
    bench_.compare_layers(final.at("v_ff"), last.v_basal);
    bench_.compare_layers(final.at("v_fb"), last.v_apical);
    if (const auto losses = final.find("per_sample_loss"))
      bench_.compare(*losses, clamped_losses(example_, recording.clamped(), last.r.back()), {batch});
  }

  void check_forward_updates() {
    static const std::map<std::string, std::string, std::less<>> kLearning = {
        {"Strong-DFC-SS_2phase", "last"}, {"Strong-DFC_2phase_continuous", "continuous"}};
    const Field updates = bench_.root().at("forward_updates");
    for (const std::string& key : updates.keys()) {
      const Field entry = updates.at(key);
      const auto learning = kLearning.find(key);
      if (learning == kLearning.end()) {
        bench_.results.push_back(skipped(entry.path(), "unknown variant"));
        continue;
      }
      run({{"learning", learning->second}});
      bench_.compare_parameters(entry, engine_.gradient());
    }
  }

  void check_feedback_learning(const Field& field, const std::string& name) {
    static const std::map<std::string, std::string, std::less<>> kNoise = {
        {"white_noise_slow_apical", "white"}, {"low_pass_noise", "low-pass"}};
    const auto noise = kNoise.find(name);
    if (noise == kNoise.end()) {
      bench_.results.push_back(skipped(field.path(), "unknown noise"));
      return;
    }
    RecordedNoise recorded(example_, read_noise(example_, field.at("noise"), example_.hyper.T_fb));
    engine_.set_noise_port(&recorded);
    run({{"noise_fb", noise->second}}, {.pass = "sleep", .group = "feedback"});
    engine_.set_noise_port(nullptr);
    bench_.compare_matrices(field.at("grad_Q"), engine_.gradient("feedback").W, true);
    if (const auto scaling = field.find("scaling_per_layer"))
      bench_.compare(*scaling, layer_scaling(), {example_.depth()});
  }

  // k_i of sleep, from the factor of the feedback plasticity.
  std::vector<double> layer_scaling() const {
    const StrongFeedback strong(
        settings_for(example_, rule_named(kRule, "parity").card(), settings_of(example_), bench_.where()));
    std::vector<double> k;
    for (std::size_t i = 1; i <= example_.depth(); ++i) {
      const double sigma = i == example_.depth() ? example_.hyper.sigma_out : example_.hyper.sigma;
      k.push_back(strong.feedback_factor("sleep", i, example_.depth()) * std::pow(std::max(sigma, 0.01), 2));
    }
    return k;
  }

  // One simulation teaches the forward and the feedback weights.
  void check_single_phase(const Field& field) {
    static const std::map<std::string, std::string, std::less<>> kLearning = {{"continuous", "continuous"},
                                                                              {"steady_state", "last"}};
    const std::size_t batch = example_.batch, outputs = example_.outputs();
    const auto steps = static_cast<std::size_t>(example_.strong.T_sp);
    RecordedNoise recorded(example_, read_noise(example_, field.at("noise"), example_.strong.T_sp));
    field.find("note");
    for (const auto& [name, learning] : kLearning) {
      const auto variant = field.find(name);
      if (!variant) continue;
      Recording recording(example_, steps);
      engine_.set_noise_port(&recorded);
      engine_.set_observer(&recording);
      run({{"phases", "single"},
           {"learning", learning},
           {"steps", example_.strong.T_sp},
           {"sigma", example_.strong.sigma},
           {"sigma_output", example_.strong.sigma_out}},
          {.pass = "wake", .group = "forward", .seed = 0, .epoch = 0, .also = kFeedback});
      engine_.set_noise_port(nullptr);
      engine_.set_observer(nullptr);
      compare_gradients(*variant);
      if (name == kLearning.begin()->first || !field.find(kLearning.begin()->first)) {
        bench_.compare(field.at("u"), controls(recording), {steps, batch, outputs});
        bench_.compare_layers(field.at("v_fb_final"), recording.last().v_apical);
      }
    }
  }

  void compare_gradients(const Field& variant) const {
    const Gradient forward = engine_.gradient();
    bench_.compare_matrices(variant.at("grad_W"), forward.W);
    const auto bias = variant.find("grad_b");
    if (forward.b.empty()) {
      if (bias && !bias->is_null()) bias->reject("null, because the network has no biases,", "a value");
    } else {
      const Field b = variant.at("grad_b");
      Comparison comparison = Comparison::of_numbers(b.path(), bench_.tolerance);
      const auto layers = b.items(example_.depth());
      for (std::size_t i = 0; i < layers.size(); ++i)
        comparison.add(forward.b[i], layers[i].numbers({example_.units[i + 1]}),
                       "layer " + std::to_string(i + 1));
      bench_.report(comparison);
    }
    bench_.compare_matrices(variant.at("grad_Q"), engine_.gradient("feedback").W, true);
  }

  const Bench& bench_;
  const Case& example_;
  Engine engine_;
};

}  // namespace

bool is_strong(const Field& root) {
  return root.find("target_clamped").has_value() || root.find("controller_noiseless").has_value();
}

void check_strong(const Bench& bench) { Strong(bench).check(); }

}  // namespace apical::parity
