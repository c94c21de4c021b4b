// The network, its loss and Deep Feedback Control once more, in plain loops and absolute numbers: the oracle
// for the engine. Written from the papers' equations; R is long double, or float where rounding is to be
// seen.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "network/toy.h"

namespace apical {

template <class R>
R naive_phi(Activation activation, R v) {
  switch (activation) {
    case Activation::linear:
      return v;
    case Activation::relu:
      return v < 0 ? R(0) : v;
    case Activation::leaky_relu:
      return v < 0 ? R(0.2L) * v : v;
    case Activation::tanh:
    case Activation::tanh_fast:
      return std::tanh(v);
    case Activation::sigmoid:
    case Activation::sigmoid_fast:
      return 1 / (1 + std::exp(-v));
    case Activation::softplus:
      return std::log(1 + std::exp(v));
  }
  return std::nan("");
}

template <class R>
R naive_slope(Activation activation, R v) {
  switch (activation) {
    case Activation::linear:
      return 1;
    case Activation::relu:
      return v < 0 ? R(0) : R(1);
    case Activation::leaky_relu:
      return v < 0 ? R(0.2L) : R(1);
    case Activation::tanh:
    case Activation::tanh_fast:
      return 1 - std::tanh(v) * std::tanh(v);
    case Activation::sigmoid:
    case Activation::sigmoid_fast:
      return naive_phi(activation, v) * (1 - naive_phi(activation, v));
    case Activation::softplus:
      return 1 / (1 + std::exp(-v));
  }
  return std::nan("");
}

template <class R>
struct Naive {
  using Vector = std::vector<R>;
  using Layers = std::vector<Vector>;  // index 0: the input, or unused

  template <class T>
  Naive(const Toy& problem, const Network<T>& network) : toy(problem) {
    const auto copy = [](const Numbers& from) { return Vector(from.begin(), from.end()); };
    W.resize(1), b.resize(1), Q.resize(1);
    for (std::size_t i = 1; i <= L(); ++i) {
      W.push_back(copy(network.weights(i).values()));
      b.push_back(toy.spec.biases ? copy(network.weights(i).bias_values()) : Vector(n(i)));
      if (network.has_group("feedback") && network.group("feedback").size() == L())
        Q.push_back(copy(network.weights("feedback", i).values()));
    }
  }

  std::size_t L() const { return toy.spec.depth(); }
  std::size_t n(std::size_t i) const { return toy.spec.units[i]; }

  // W r + b
  Vector basal(std::size_t i, const Vector& r) const {
    Vector v = b[i];
    for (std::size_t j = 0; j < n(i); ++j) {
      for (std::size_t k = 0; k < n(i - 1); ++k) v[j] += W[i][j * n(i - 1) + k] * r[k];
    }
    return v;
  }
  Vector rates(std::size_t i, const Vector& v) const {
    Vector r(n(i));
    for (std::size_t j = 0; j < n(i); ++j) r[j] = naive_phi(toy.spec.activation_of(i), v[j]);
    return r;
  }
  // Q u
  Vector apical(std::size_t i, const Vector& u) const {
    Vector v(n(i));
    for (std::size_t j = 0; j < n(i); ++j) {
      for (std::size_t k = 0; k < n(L()); ++k) v[j] += Q[i][j * n(L()) + k] * u[k];
    }
    return v;
  }

  struct Point {
    Layers v, r;
  };
  Point forward(std::size_t sample) const {
    Point point{Layers(L() + 1), Layers(L() + 1)};
    const auto first = toy.x.begin() + static_cast<std::ptrdiff_t>(sample * n(0));
    point.r[0].assign(first, first + static_cast<std::ptrdiff_t>(n(0)));
    for (std::size_t i = 1; i <= L(); ++i) {
      point.v[i] = basal(i, point.r[i - 1]);
      point.r[i] = rates(i, point.v[i]);
    }
    return point;
  }

  R target_of(std::size_t sample, std::size_t j) const {
    if (toy.labels[sample] < 0) return static_cast<R>(toy.y[sample * toy.outputs() + j]);
    return static_cast<std::size_t>(toy.labels[sample]) == j ? 1 : 0;
  }
  R loss_of_output(std::size_t sample, const Vector& r) const {
    R sum = 0;
    for (std::size_t j = 0; j < r.size(); ++j) {
      const R difference = r[j] - target_of(sample, j);
      sum += toy.loss == Loss::cross_entropy ? std::exp(r[j]) : difference * difference;
    }
    switch (toy.loss) {
      case Loss::cross_entropy:
        return std::log(sum) - r[static_cast<std::size_t>(toy.labels[sample])];
      case Loss::mean_squared_error:
        return sum / static_cast<R>(r.size());
      case Loss::half_squared_error:
        return sum / 2;
    }
    return std::nan("");
  }
  Vector loss_gradient(std::size_t sample, const Vector& r) const {
    Vector gradient(r.size());
    R sum = 0;
    for (const R value : r) sum += std::exp(value);
    for (std::size_t j = 0; j < r.size(); ++j) {
      const R difference = r[j] - target_of(sample, j);
      gradient[j] = toy.loss == Loss::cross_entropy        ? std::exp(r[j]) / sum - target_of(sample, j)
                    : toy.loss == Loss::mean_squared_error ? 2 * difference / static_cast<R>(r.size())
                                                           : difference;
    }
    return gradient;
  }
  R mean_loss() const {
    R sum = 0;
    for (std::size_t sample = 0; sample < toy.batch; ++sample)
      sum += loss_of_output(sample, forward(sample).r[L()]);
    return sum / static_cast<R>(toy.batch);
  }

  // Minus the gradient of the mean loss by central differences of fourth order.
  Change descent(R h = R(1e-5L)) {
    const auto minus_slope = [&](R& weight) {
      const R at = weight;
      const auto loss_at = [&](R step) {
        weight = at + step * h;
        return mean_loss();
      };
      const R slope = (8 * (loss_at(1) - loss_at(-1)) - (loss_at(2) - loss_at(-2))) / (12 * h);
      weight = at;
      return static_cast<double>(-slope);
    };
    Change change;
    for (std::size_t i = 1; i <= L(); ++i) {
      auto &w = change.W.emplace_back(), &bias = change.b.emplace_back();
      for (R& weight : W[i]) w.push_back(minus_slope(weight));
      if (!toy.spec.biases) continue;
      for (R& weight : b[i]) bias.push_back(minus_slope(weight));
    }
    return change;
  }

  // The smallest |v| of all units and samples: finite differences must not cross the corner of a relu.
  R nearest_corner() const {
    R nearest = 1e9;
    for (std::size_t sample = 0; sample < toy.batch; ++sample) {
      const Point point = forward(sample);
      for (std::size_t i = 1; i <= L(); ++i) {
        for (const R v : point.v[i]) nearest = std::min(nearest, std::abs(v));
      }
    }
    return nearest;
  }

  // --- the controlled network in time

  struct Dynamics {
    R k_p = 2, alpha = 0.1L, dt = 0.02L, tau_v = 0.2L, tau_a = 0;
    bool leak_on_control = true, instantaneous = true, proactive = true;
    int steps = 20;
    R sigma = 0, sigma_output = 0;
  };
  // One state of one sample.
  struct State {
    Layers v, v_ff, v_fb, r;
    Vector u, u_int;
  };
  using Noise = std::function<R(int step, std::size_t layer, std::size_t unit)>;

  std::vector<State> settle(std::size_t sample, const Vector& target, const Dynamics& d,
                            const Noise& noise = {}) const {
    const Point minus = forward(sample);
    std::vector<State> states{{minus.v, minus.v, Layers(L() + 1), minus.r, Vector(n(L())), Vector(n(L()))}};
    for (std::size_t i = 1; i <= L(); ++i) states[0].v_fb[i] = Vector(n(i));
    const R tau_a = std::max(d.tau_a, d.dt), tau_v = std::max(d.tau_v, d.dt);
    for (int t = 0; t + 1 < d.steps; ++t) {
      const State& now = states.back();
      State next = now;
      for (std::size_t j = 0; j < n(L()); ++j) {
        const R e = target[j] - now.r[L()][j];
        next.u_int[j] += d.dt * (e - d.alpha * (d.leak_on_control ? now.u[j] : now.u_int[j]));
        next.u[j] = next.u_int[j] + d.k_p * e;
      }
      for (std::size_t i = 1; i <= L(); ++i) {
        next.v_ff[i] = basal(i, d.instantaneous ? next.r[i - 1] : now.r[i - 1]);
        const Vector feedback = apical(i, d.proactive ? next.u : now.u);
        const R sigma = i == L() ? d.sigma_output : d.sigma;
        for (std::size_t j = 0; j < n(i); ++j) {
          R& v_fb = next.v_fb[i][j];
          v_fb += d.dt / tau_a * (feedback[j] - v_fb);
          if (noise) v_fb += sigma * std::sqrt(d.dt) / tau_a * noise(t, i, j);
          next.v[i][j] += d.dt / tau_v * (v_fb + next.v_ff[i][j] - now.v[i][j]);
        }
        next.r[i] = rates(i, next.v[i]);
      }
      states.push_back(std::move(next));
    }
    return states;
  }

  // r* = r_L⁻ − step · ∂ℒ/∂r_L
  Vector nudged(std::size_t sample, R step) const {
    Vector target = forward(sample).r[L()];
    const Vector gradient = loss_gradient(sample, target);
    for (std::size_t j = 0; j < target.size(); ++j) target[j] -= step * gradient[j];
    return target;
  }

  // change += scale · post preᵀ, and to the bias scale · post.
  void add_outer(Change& change, std::size_t i, R scale, const Vector& post, const Vector& pre) const {
    for (std::size_t j = 0; j < post.size(); ++j) {
      for (std::size_t k = 0; k < pre.size(); ++k)
        change.W[i - 1][j * pre.size() + k] += static_cast<double>(scale * post[j] * pre[k]);
      if (!change.b[i - 1].empty()) change.b[i - 1][j] += static_cast<double>(scale * post[j]);
    }
  }
  Change zero_change() const {
    Change change;
    for (std::size_t i = 1; i <= L(); ++i) {
      change.W.emplace_back(n(i) * n(i - 1));
      change.b.emplace_back(toy.spec.biases ? n(i) : 0);
    }
    return change;
  }
  // φ(v) − φ(v_ff)
  Vector mismatch(std::size_t i, const State& s) const {
    const Vector r = rates(i, s.v[i]), r_ff = rates(i, s.v_ff[i]);
    Vector difference(n(i));
    for (std::size_t j = 0; j < n(i); ++j) difference[j] = r[j] - r_ff[j];
    return difference;
  }

  const Toy& toy;
  Layers W, b, Q;
};

}  // namespace apical
