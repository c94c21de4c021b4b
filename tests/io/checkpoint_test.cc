#include "apical/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"
#include "temporary_directory.h"

namespace apical {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Shape = std::vector<std::size_t>;

Checkpoint sample() {
  Checkpoint checkpoint;
  const std::vector<float> weights = {1, 2, 3, 4, 5, 6};
  checkpoint.add(NamedTensor::of<float>("forward.W1", {2, 3}, weights));
  checkpoint.add(NamedTensor::of<float>("forward.b1", {2}, std::span(weights).first(2)));
  checkpoint.set("rule", "dfc");
  checkpoint.set_whole("epoch", 12);
  return checkpoint;
}

TEST(Checkpoint, ComesBackWithEveryTensorAndWord) {
  const TemporaryDirectory directory;
  save_checkpoint(directory / "c", sample());
  const Checkpoint loaded = load_checkpoint(directory / "c");
  EXPECT_EQ(loaded.tensors(), sample().tensors());
  EXPECT_EQ(loaded.words(), sample().words());
  EXPECT_EQ(loaded.require_whole("epoch"), 12);
  EXPECT_EQ(loaded.require_tensor("forward.W1", Dtype::f32, Shape{2, 3}).as<float>()[5], 6.0f);
}

TEST(Checkpoint, AMismatchNamesFileTensorAndBothShapes) {
  const TemporaryDirectory directory;
  save_checkpoint(directory / "c", sample());
  const Checkpoint loaded = load_checkpoint(directory / "c");
  const std::string file = (directory / "c").string();
  for (const Shape& shape : {Shape{2, 4}, Shape{6}, Shape{2, 3, 1}, Shape{}}) {
    EXPECT_THAT(error_text([&] { loaded.require_tensor("forward.W1", Dtype::f32, shape); }),
                AllOf(HasSubstr(file + ": tensor 'forward.W1' must be F32 " + shape_text(shape)),
                      HasSubstr("holds F32 [2, 3]")));
  }
  EXPECT_THAT(error_text([&] {
                loaded.require_tensor("forward.W1", Dtype::f64, Shape{2, 3});
              }),
              HasSubstr("must be F64 [2, 3], but the file holds F32 [2, 3]"));
  EXPECT_THAT(error_text([&] {
                loaded.require_tensor("forward.W2", Dtype::f32, Shape{2, 3});
              }),
              AllOf(HasSubstr("holds no tensor 'forward.W2'"), HasSubstr("Did you mean 'forward.W1'?")));
}

TEST(Checkpoint, AMissingOrWrongWordIsNamed) {
  const Checkpoint checkpoint = sample();
  EXPECT_THAT(error_text([&] { checkpoint.require("seed"); }), HasSubstr("does not say its 'seed'"));
  EXPECT_THAT(error_text([&] { checkpoint.require_whole("rule"); }),
              HasSubstr("'rule' must be a whole number, got 'dfc'"));
}

TEST(LoadCheckpoint, RefusesForeignAndLaterFiles) {
  const TemporaryDirectory directory;
  write_tensors(directory / "foreign", std::vector<NamedTensor>{}, {});
  EXPECT_THAT(error_text([&] { load_checkpoint(directory / "foreign"); }),
              HasSubstr("no checkpoint of Apical"));
  write_tensors(directory / "later", std::vector<NamedTensor>{},
                {{"format", "apical-checkpoint"}, {"format_version", "99"}});
  EXPECT_THAT(error_text([&] { load_checkpoint(directory / "later"); }), HasSubstr("a later version"));
}

TEST(Checkpoint, TwoTensorsOfOneNameAreABug) {
  Checkpoint checkpoint = sample();
  EXPECT_THROW(checkpoint.add(NamedTensor::of<float>("forward.b1", {0}, {})), InternalError);
}

}  // namespace
}  // namespace apical
