#include "data/student_teacher.h"

#include <cmath>
#include <numeric>

#include "apical/data_split.h"
#include "support.h"

namespace apical {
namespace {

using namespace test;
using testing::HasSubstr;

TeacherSettings small() {
  TeacherSettings settings;
  settings.inputs = 3, settings.outputs = 2, settings.hidden = {7, 6},
  settings.activation = Activation::leaky_relu;
  settings.gain = 1.5, settings.samples = 21, settings.test_samples = 10, settings.seed = 7;
  return settings;
}

std::vector<double> inputs_of(const Dataset& data) {
  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  std::vector<double> values(data.size() * data.inputs());
  data.gather(all, data.standardisation(), values.data(), data.inputs());
  return values;
}

// Against tests/data/files/make_student_teacher.py: NumPy, with a Philox of its own. `samples`: as many as the file holds.
void expect_as_recorded(const Dataset& data, const std::string& file, std::string_view part) {
  LoadOptions real;
  real.targets = TargetKind::real;
  const Dataset recorded = load_dataset("npz:" + fixture(file), part, {}, real);
  const auto x = inputs_of(data), x_recorded = inputs_of(recorded);
  ASSERT_LE(recorded.size(), data.size());
  ASSERT_EQ(recorded.inputs(), data.inputs());
  ASSERT_EQ(recorded.target_columns(), data.target_columns());
  for (std::size_t i = 0; i < x_recorded.size(); ++i) EXPECT_EQ(x[i], x_recorded[i]);
  double scale = 0;
  for (const double target : recorded.targets()) scale = std::max(scale, std::abs(target));
  EXPECT_GT(scale, 0.1);
  // NumPy sums in another order: a thousand roundings of 1e-16.
  for (std::size_t i = 0; i < recorded.targets().size(); ++i)
    EXPECT_LE(std::abs(data.targets()[i] - recorded.targets()[i]), 1e-13 * scale) << i;
}

TEST(StudentTeacher, IsWhatNumPyComputes) {
  for (const char* part : {"train", "test"})
    expect_as_recorded(student_teacher(small(), part), "student_teacher_small.npz", part);
}

TEST(StudentTeacher, OfThePaperIsWhatNumPyComputes) {
  TeacherSettings settings;
  settings.samples = 12, settings.test_samples = 5;
  for (const char* part : {"train", "test"})
    expect_as_recorded(student_teacher(settings, part), "student_teacher.npz", part);
}

// The sum that a manifest records; another one here means that old runs cannot be resumed.
TEST(StudentTeacher, HasTheSameBitsEverywhere) {
  EXPECT_EQ(student_teacher(small(), "train").hash(),
            "1a17defe01b64427810fd55047794a4e5b3ec597fb02f22c55a16affd5396eff");
}

TEST(StudentTeacher, KeepsTheFirstSamplesWhereMoreAreAskedFor) {
  TeacherSettings more = small();
  more.samples = 64;
  const Dataset few = student_teacher(small(), "train"), many = student_teacher(more, "train");
  for (std::size_t i = 0; i < few.targets().size(); ++i) EXPECT_EQ(few.targets()[i], many.targets()[i]);
}

TEST(StudentTeacher, DrawsInputsUniformlyAndOtherNumbersForEverySeedAndPart) {
  TeacherSettings settings = small();
  settings.samples = 20000;
  const auto x = inputs_of(student_teacher(settings, "train"));
  double sum = 0, squares = 0;
  for (const double value : x) {
    EXPECT_LT(std::abs(value), 1);
    sum += value, squares += value * value;
  }
  const auto n = static_cast<double>(x.size());
  // Mean 0 and variance 1/3, within four standard errors: √(1/3n) and √(4/45n).
  EXPECT_LE(std::abs(sum / n), 4 * std::sqrt(1 / (3 * n)));
  EXPECT_LE(std::abs(squares / n - 1.0 / 3), 4 * std::sqrt(4 / (45 * n)));
  TeacherSettings other = small();
  other.seed = 8;
  EXPECT_NE(student_teacher(other, "train").targets()[0], student_teacher(small(), "train").targets()[0]);
  EXPECT_NE(student_teacher(small(), "test").targets()[0], student_teacher(small(), "train").targets()[0]);
}

TEST(StudentTeacher, WithoutHiddenLayersIsLinear) {
  TeacherSettings settings = small();
  settings.hidden = {};
  const Dataset data = student_teacher(settings, "train");
  const auto x = inputs_of(data);
  // Four samples of three inputs are linearly dependent: a · x_0 … = x_3 must hold for the targets with the same a (Cramer).
  const auto column = [&](std::size_t s) { return std::array{x[3 * s], x[3 * s + 1], x[3 * s + 2]}; };
  const auto det = [](auto a, auto b, auto c) {
    return a[0] * (b[1] * c[2] - b[2] * c[1]) - b[0] * (a[1] * c[2] - a[2] * c[1]) +
           c[0] * (a[1] * b[2] - a[2] * b[1]);
  };
  const double d = det(column(0), column(1), column(2));
  const double a0 = det(column(3), column(1), column(2)) / d, a1 = det(column(0), column(3), column(2)) / d,
               a2 = det(column(0), column(1), column(3)) / d;
  const auto y = data.targets();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(y[6 + i], a0 * y[i] + a1 * y[2 + i] + a2 * y[4 + i], 1e-12);
}

TEST(StudentTeacher, IsADataSetLikeAnyOther) {
  LoadOptions options;
  options.teacher = small();
  const Dataset data = load_dataset("student-teacher", "train", {}, options);
  EXPECT_EQ(data.hash(), student_teacher(small(), "train").hash());
  EXPECT_EQ(data.classes(), 0);
  EXPECT_THAT(error_of([&] { load_dataset("student-teacher", "valid", {}, options); }), HasSubstr("part"));
  options.teacher.gain = 1e200;  // answers beyond any number
  EXPECT_THAT(error_of([&] { load_dataset("student-teacher", "train", {}, options); }),
              HasSubstr("has to be finite"));
}

}  // namespace
}  // namespace apical
