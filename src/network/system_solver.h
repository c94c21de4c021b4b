// Linear systems too large to be solved side by side (control_response.h), one after the other in memory that is kept.
#pragma once

#include <cstddef>
#include <memory>

namespace apical {

class SystemSolver {
 public:
  SystemSolver();
  ~SystemSolver();
  SystemSolver(const SystemSolver&) = delete;
  SystemSolver& operator=(const SystemSolver&) = delete;

  // Room for systems of n unknowns; nothing is allocated where that is what there is.
  void reserve(std::size_t n);
  std::size_t unknowns() const;  // there is room for; 0: none yet
  std::size_t bytes() const;
  // A, column after column [n, n], and b [n], to be written.
  double* system();
  double* right();
  // x = A⁻¹ b [n], until the next call.
  const double* solve();

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace apical
