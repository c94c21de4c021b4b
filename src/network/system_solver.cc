#include "network/system_solver.h"

#include <Eigen/LU>

namespace apical {

struct SystemSolver::Memory {
  explicit Memory(Eigen::Index n) : system(n, n), factors(n), right(n), x(n) {}

  Eigen::MatrixXd system;
  Eigen::PartialPivLU<Eigen::MatrixXd> factors;
  Eigen::VectorXd right, x;
};

SystemSolver::SystemSolver() = default;
SystemSolver::~SystemSolver() = default;

void SystemSolver::reserve(std::size_t n) {
  if (n != unknowns()) memory_ = std::make_unique<Memory>(static_cast<Eigen::Index>(n));
}

std::size_t SystemSolver::unknowns() const {
  return memory_ == nullptr ? 0 : static_cast<std::size_t>(memory_->right.size());
}

std::size_t SystemSolver::bytes() const {
  const std::size_t n = unknowns();
  return 2 * (n * n + n) * sizeof(double);
}

double* SystemSolver::system() { return memory_->system.data(); }
double* SystemSolver::right() { return memory_->right.data(); }

const double* SystemSolver::solve() {
  memory_->factors.compute(memory_->system);
  memory_->x = memory_->factors.solve(memory_->right);
  return memory_->x.data();
}

}  // namespace apical
