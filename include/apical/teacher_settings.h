// What the student–teacher problem can be told: [problem.teacher] of a recipe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apical/activation.h"

namespace apical {

// The name of the data set in a recipe's [problem].
inline constexpr const char* kStudentTeacher = "student-teacher";

// Defaults: the teacher and the samples of Meulemans et al. 2021 (arXiv 2106.07887), section 6.1, as the authors' code has them.
struct TeacherSettings {
  std::int64_t inputs = 15;
  std::int64_t outputs = 5;
  std::vector<std::int64_t> hidden = {1000, 1000, 1000,
                                      1000};  // widths, from the input's side; [] is a linear map
  Activation activation =
      Activation::relu;         // of the hidden layers: linear, relu or leaky_relu; the output is linear
  double gain = 3;              // factor on Xavier-normal weights; biases are 0
  std::int64_t samples = 6000;  // of the training part, from which `validation` of [problem] is held out
  std::int64_t test_samples = 1000;
  std::int64_t seed = 42;  // of the teacher and the inputs, apart from the seeds of training

  // What `activation` may be, by name: those whose function is the same on every machine.
  static std::span<const std::string> activations() { return activation_names().first(3); }

  bool operator==(const TeacherSettings&) const = default;
};

}  // namespace apical
