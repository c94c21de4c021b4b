// A network of the authors' files, with the rule of the analytic steady state run on its minibatch.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "apical/rule.h"
#include "parity/case.h"
#include "parity/engine.h"
#include "probes/probe.h"

namespace apical {

class PublishedNetwork {
 public:
  explicit PublishedNetwork(const std::string& name, unsigned threads = 1)
      : reference_(std::string(APICAL_TEST_DATA) + "/dfc/" + name + ".json"),
        example(reference_.root()),
        pool(threads),
        card(rule_named("dfc", "test").card()),
        network(example.spec, card.groups, 0),
        minibatch(network, example.loss, pool, example.batch),
        settings(parity::settings_for(example, card, {}, "test")),
        source_(example) {
    for (std::size_t i = 1; i <= example.depth(); ++i) {
      network.weights(i).set_values(example.W[i - 1]);
      if (example.spec.biases) network.weights(i).set_bias_values(example.b[i - 1]);
      network.weights("feedback", i).set_values(example.Q[i - 1]);
    }
    minibatch.keep_controlled(true);
    const RuleEntry& rule = rule_named("dfc-ssa", "test");
    minibatch.assign(*rule.make<double>(parity::settings_for(example, rule.card(), {}, "test")), {},
                     example.batch, source_);
  }

  ProbeValues measure(const std::string& probe) {
    return run_probe<double>(probe, {network, minibatch, card, {}, example.loss, pool, source_, settings});
  }

 private:
  class Samples final : public SampleSource<double> {
   public:
    explicit Samples(const parity::Case& example) : example_(example) {}
    void fill(std::size_t first, std::size_t rows, BatchState<double>& batch) const override {
      const std::size_t n_in = example_.units[0], n_out = example_.outputs();
      for (std::size_t row = first; row < first + rows; ++row) {
        std::copy_n(example_.x.data() + row * n_in, n_in,
                    batch.rate[0].data() + row * row_stride<double>(n_in));
        if (!example_.y.empty())
          std::copy_n(example_.y.data() + row * n_out, n_out,
                      batch.target.data() + row * row_stride<double>(n_out));
        batch.label[row] = example_.labels.empty() ? -1 : example_.labels[row];
        batch.sample[row] = static_cast<std::uint32_t>(row);
      }
    }

   private:
    const parity::Case& example_;
  };

  parity::Reference reference_;

 public:
  parity::Case example;
  Pool pool;
  Card card;
  Network<double> network;
  Minibatch<double> minibatch;
  Parameters settings;

 private:
  Samples source_;
};

}  // namespace apical
