#include "parity/engine.h"

#include <algorithm>

#include "apical/rule.h"
#include "kernels/panels.h"

namespace apical::parity {
namespace {

// Row-major values of a matrix that is stored in panels.
std::vector<double> row_major(const Buffer<double>& panels, std::size_t n_out, std::size_t n_in,
                              double sign) {
  std::vector<double> values(n_out * n_in);
  for (std::size_t out = 0; out < n_out; ++out) {
    for (std::size_t in = 0; in < n_in; ++in)
      values[out * n_in + in] = sign * panels[panel_index<double>(n_out, n_in, out, in)];
  }
  return values;
}

}  // namespace

Parameters settings_for(const Case& reference, const Card& card, const Overrides& overrides,
                        const std::string& where) {
  const Hyper& h = reference.hyper;
  Overrides all = {{"reading", "code"},
                   {"target_step", h.lam},
                   {"alpha", h.alpha},
                   {"k_p", h.k_p},
                   {"dt", h.dt},
                   {"steps", h.T},
                   {"tau_v", h.tcr},
                   {"tau_a", h.tau_a},
                   {"transmission", h.inst ? "instantaneous" : "delayed"},
                   {"proactive", h.proactive},
                   {"sigma", 0.0},
                   {"sigma_output", 0.0},
                   {"alpha_fb", h.alpha_fb},
                   {"k_p_fb", h.k_p_fb},
                   {"dt_fb", h.dt_fb},
                   {"steps_fb", h.T_fb},
                   {"tau_v_fb", h.tcr_fb},
                   {"tau_a_fb", h.tau_a_fb},
                   {"transmission_fb", h.inst_fb ? "instantaneous" : "delayed"},
                   {"sigma_fb", h.sigma},
                   {"sigma_output_fb", h.sigma_out}};
  all.insert(all.end(), overrides.begin(), overrides.end());
  Parameters settings = card.settings();
  for (const auto& [name, value] : all) {
    const bool known =
        std::any_of(card.parameters.begin(), card.parameters.end(),
                    [name = name](const Parameter& parameter) { return parameter.name == name; });
    if (known) settings.set(name, value, where);
  }
  return settings;
}

// The file's samples, in its order.
class Engine::Samples final : public SampleSource<double> {
 public:
  explicit Samples(const Case& reference) : case_(reference) {}

  void fill(std::size_t first, std::size_t rows, BatchState<double>& batch) const override {
    copy(case_.x, case_.units[0], first, rows, batch.rate[0]);
    if (!case_.y.empty()) copy(case_.y, case_.outputs(), first, rows, batch.target);
    for (std::size_t row = first; row < first + rows; ++row) {
      batch.sample[row] = static_cast<std::uint32_t>(row);
      batch.label[row] = case_.labels.empty() ? -1 : case_.labels[row];
    }
  }

 private:
  static void copy(const std::vector<double>& from, std::size_t units, std::size_t first, std::size_t rows,
                   Buffer<double>& to) {
    for (std::size_t row = first; row < first + rows; ++row) {
      std::copy_n(from.data() + row * units, units, to.data() + row * row_stride<double>(units));
    }
  }

  const Case& case_;
};

Engine::Engine(const Case& reference, const std::string& where, std::string_view rule,
               const Matrices& feedback)
    : case_(reference),
      where_(where),
      pool_(1),
      network_(reference.spec, rule_named(rule, "parity").card().groups, 0),
      minibatch_(network_, reference.loss, pool_, reference.batch) {
  for (std::size_t i = 1; i <= case_.depth(); ++i) {
    network_.weights(i).set_values(case_.W[i - 1]);
    if (case_.spec.biases) network_.weights(i).set_bias_values(case_.b[i - 1]);
  }
  for (std::size_t i = 1; i <= feedback.size(); ++i)
    network_.weights("feedback", i).set_values(feedback[i - 1]);
  network_.refresh_transposes();
}

void Engine::run(std::string_view rule, const Overrides& overrides, const PassContext& pass) {
  const RuleEntry& entry = rule_named(rule, "parity");
  minibatch_.assign(*entry.make<double>(settings_for(case_, entry.card(), overrides, where_)), pass,
                    case_.batch, Samples(case_));
}

Gradient Engine::gradient(std::string_view group) const {
  return gradient(group, minibatch_.delta_of(group));
}

Gradient Engine::gradient(std::string_view group, const GroupDelta<double>& delta) const {
  Gradient gradient;
  for (const auto& w : network_.group(group)) {
    gradient.W.push_back(row_major(delta.weights[w.layer() - 1], w.n_out(), w.n_in(), -1));
    if (!w.has_bias()) continue;
    auto& b = gradient.b.emplace_back();
    for (std::size_t unit = 0; unit < w.n_out(); ++unit) b.push_back(-delta.bias[w.layer() - 1][unit]);
  }
  return gradient;
}

Gradient Engine::weights(std::string_view group) const {
  Gradient values;
  for (const auto& w : network_.group(group)) {
    values.W.push_back(w.values());
    if (w.has_bias()) values.b.push_back(w.bias_values());
  }
  return values;
}

std::vector<double> Engine::rows(const Buffer<double>& array, std::size_t units) const {
  std::vector<double> values;
  for (std::size_t row = 0; row < case_.batch; ++row) {
    const double* first = array.data() + row * row_stride<double>(units);
    values.insert(values.end(), first, first + units);
  }
  return values;
}

}  // namespace apical::parity
