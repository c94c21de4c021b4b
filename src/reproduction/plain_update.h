// The analytic update of Deep Feedback Control once more, in a few lines of dense algebra and in absolute voltages: what a program
// without deviation coordinates computes. docs/rules/dfc-ssa.md has the equations and symbols.
#pragma once

#include <Eigen/LU>
#include <vector>

namespace apical {

template <class R>
using Dense = Eigen::Matrix<R, Eigen::Dynamic, Eigen::Dynamic>;

// tanh layers below a linear output, softmax cross-entropy. W [n_i, n_{i-1}], b [n_i, 1], Q [n_i, n_L].
template <class R>
struct PlainNetwork {
  std::vector<Dense<R>> W, b, Q;

  std::size_t L() const { return W.size(); }
  Dense<R> phi(std::size_t i, const Dense<R>& v) const {
    return i + 1 < L() ? Dense<R>(v.array().tanh()) : v;
  }

  // Mean over samples x [n_0, 1] of 2 (φ(v_i) − φ(v_i^ff)) r_{i-1}ᵀ, per layer; step: λ/B.
  std::vector<Dense<R>> update(const std::vector<Dense<R>>& x, const std::vector<int>& labels, R step,
                               R alpha) const {
    std::vector<Dense<R>> change;
    for (const Dense<R>& w : W) change.push_back(Dense<R>::Zero(w.rows(), w.cols()));
    for (std::size_t s = 0; s < x.size(); ++s)
      add(x[s], labels[s], step, alpha, R(2) / static_cast<R>(x.size()), change);
    return change;
  }

 private:
  void add(const Dense<R>& x, int label, R step, R alpha, R weight, std::vector<Dense<R>>& change) const {
    std::vector<Dense<R>> r{x};
    for (std::size_t i = 0; i < L(); ++i) r.push_back(phi(i, W[i] * r[i] + b[i]));
    const Dense<R>& out = r.back();
    // ∂ℒ/∂r_L = softmax(r_L) − one-hot
    Dense<R> gradient = (out.array() - out.maxCoeff()).exp();
    gradient /= gradient.sum();
    gradient(label, 0) -= 1;
    // J Q, from the output down: J_i = J_{i+1} W_{i+1} φ'
    Dense<R> JQ = Q.back() + alpha * Dense<R>::Identity(out.rows(), out.rows()), J = W.back();
    for (std::size_t i = L() - 1; i-- > 0;) {
      const Dense<R> slope = 1 - r[i + 1].array().square();
      J = J * slope.col(0).asDiagonal();
      JQ += J * Q[i];
      J = J * W[i];
    }
    const Dense<R> u = JQ.partialPivLu().solve(Dense<R>(-step * gradient));
    Dense<R> below = x;
    for (std::size_t i = 0; i < L(); ++i) {
      const Dense<R> v_ff = W[i] * below + b[i], v = v_ff + Q[i] * u;
      change[i] += weight * (phi(i, v) - phi(i, v_ff)) * below.transpose();
      below = phi(i, v);
    }
  }
};

}  // namespace apical
