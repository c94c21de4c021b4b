#include "io/recipe_schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apical/activation.h"
#include "core/settings_table.h"

namespace apical {
namespace {

constexpr double kMost = 1e9;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class Settings>
Section section(std::string name, std::string meaning, Settings Recipe::*member,
                std::vector<Field<Settings>> table) {
  const auto entry = [table](const std::string& key) -> const Field<Settings>& {
    for (const auto& field : table) {
      if (field.parameter.name == key) return field;
    }
    throw InternalError("no key '" + key + "' in this section of the recipe");
  };
  return {std::move(name), std::move(meaning), described(table),
          [=](const Recipe& recipe, const std::string& key) { return entry(key).get(recipe.*member); },
          [=](Recipe& recipe, const std::string& key, const Value& value) {
            entry(key).set(recipe.*member, value);
          }};
}

Section info_section() {
  using S = RecipeInfo;
  return section<S>("recipe", "What this recipe is.", &Recipe::info,
                    {field(&S::name, text("name", "", "short name, also in the run's record.")),
                     field(&S::summary, text("summary", "", "one sentence.")),
                     field(&S::source, text("source", "", "paper and table that the settings come from."))});
}

Section published_section() {
  using S = Published;
  return section<S>(
      "recipe.published", "The number that this recipe has to meet, if one was published.",
      &Recipe::published,
      {field(&S::metric,
             text("metric", "", "name in the run's record, as test_error; empty: nothing to meet.")),
       field(&S::value,
             real("value", 0, "of the metric", -kInfinity, kInfinity, "published mean over seeds.")),
       field(&S::sd,
             real("sd", 0, "of the metric", 0, kInfinity, "published standard deviation over seeds.")),
       field(&S::tolerance,
             real("tolerance", 0, "of the metric", 0, kInfinity, "how far our mean over seeds may be away.")),
       field(&S::seeds, whole("seeds", 0, "runs", 0, 1e6, "behind the published number; 0: not known."))});
}

Section problem_section() {
  using S = ProblemSettings;
  return section<S>(
      "problem", "Data, target and loss.", &Recipe::problem,
      {field(&S::data, text("data", "",
                            "digits, mnist, fashion-mnist, fashion-mnist-unofficial-split, student-teacher, "
                            "or csv:, npy:, npz: or idx:FILE.")),
       field(&S::task, choice("task", "", {"classification", "autoencoder", "regression"},
                              "what the output has to match.")),
       field(&S::loss,
             choice("loss", "", {"cross-entropy", "mean-squared-error", "half-squared-error"},
                    "softmax cross-entropy; squared error averaged over outputs; half the sum of squares.")),
       field(&S::standardisation,
             choice("standardisation", "", {"default", "none", "unit", "standard"},
                    "inputs: the data set's own; raw; scaled to [0, 1]; mean 0 and variance 1.")),
       field(&S::validation,
             whole("validation", 0, "samples", 0, kMost, "held out of the training set, by seed.")),
       field(&S::training_samples,
             whole("training_samples", 0, "samples", 0, kMost, "a subset by seed; 0 is all.")),
       field(&S::batch_size, whole("batch_size", 0, "samples", 1, 1e6, "samples of one minibatch."))});
}

Section teacher_section() {
  using S = TeacherSettings;
  Section teacher = section<S>(
      "problem.teacher", "The random network that sets the targets of the student-teacher problem.",
      &Recipe::teacher,
      {field(&S::inputs, whole("inputs", 0, "units", 1, 1e6, "inputs, uniform in (-1, 1).")),
       field(&S::outputs, whole("outputs", 0, "units", 1, 1e6, "targets.")),
       field(&S::hidden,
             wholes("hidden", {}, "units", 1, 1e6, "widths of the hidden layers; [] is a linear map.")),
       enum_field(&S::activation, S::activations(), "activation",
                  "of the hidden layers; the outputs are linear."),
       field(&S::gain, real("gain", 0, "", 0, 1e6, "factor on its Xavier-normal weights; it has no biases.")),
       field(&S::samples, whole("samples", 0, "samples", 1, kMost,
                                "of the training part, from which [problem] validation is held out.")),
       field(&S::test_samples, whole("test_samples", 0, "samples", 1, kMost, "of the test part.")),
       field(&S::seed, whole("seed", 0, "", 0, 9007199254740992.0,
                             "of teacher and inputs; apart from the seeds of training."))});
  teacher.applies = [](const Recipe& recipe) { return recipe.problem.data == kStudentTeacher; };
  return teacher;
}

Section network_section() {
  using S = NetworkSettings;
  return section<S>(
      "network", "Layers and their start.", &Recipe::network,
      {field(&S::layers, wholes("layers", {}, "units", 0, 1e7,
                                "widths from input to output; 0 at either end: from the data.")),
       field(&S::activation,
             text("activation", "",
                  fmt::format("of every hidden layer, or one for each: \"tanh, linear, tanh\". {}.",
                              fmt::join(activation_names(), ", ")))),
       field(&S::output_activation,
             text("output_activation", "", "of the last layer; softmax belongs to the loss.")),
       field(&S::initialiser,
             text("initialiser", "", "xavier-, he-, lecun- or orthogonal start of the forward weights.")),
       field(&S::gain, real("gain", 0, "", 0, 1e6, "factor on the initial weights.")),
       field(&S::biases, flag("biases", true, "whether layers have biases, which start at 0."))});
}

Section training_section() {
  using S = TrainingSettings;
  return section<S>(
      "training", "How long, from which seeds, on what.", &Recipe::training,
      {field(&S::epochs, whole("epochs", 0, "epochs", 0, kMost, "passes over the training set.")),
       field(&S::seeds, wholes("seeds", {}, "", 0, 9007199254740992.0,
                               "one run for each; all randomness follows from it.")),
       field(&S::precision, choice("precision", "", {"float32", "float64", "bfloat16"},
                                   "type of weights and states; bfloat16: float32, with settling steps whose "
                                   "products multiply numbers "
                                   "rounded to 16 bits.")),
       field(&S::threads,
             whole("threads", 0, "threads", 0, 4096, "0 is one per core; results do not depend on it.")),
       field(&S::kernels, text("kernels", "", "auto, reference or an instruction set's name.")),
       field(&S::early_stopping, whole("early_stopping", 0, "epochs", 0, kMost,
                                       "stop after so many without a better validation result; 0: never.")),
       field(&S::checkpoint_epochs,
             whole("checkpoint_epochs", 0, "epochs", 0, kMost, "between two checkpoints; 0: none.")),
       field(&S::checkpoint_minutes, real("checkpoint_minutes", 0, "minutes", 0, 1e6,
                                          "between two checkpoints within an epoch; 0: none."))});
}

}  // namespace

const Parameter kRuleId = text("id", "backprop", "the learning rule; `apical rules` lists them.");

const Parameter* Section::find(std::string_view key) const {
  for (const auto& parameter : parameters) {
    if (parameter.name == key) return &parameter;
  }
  return nullptr;
}

const std::vector<Section>& fixed_sections() {
  static const std::vector<Section> sections = {
      info_section(),    published_section(),          problem_section(), teacher_section(),
      network_section(), optimizer_section("forward"), training_section()};
  return sections;
}

Section optimizer_section(const std::string& group) {
  const bool forward = group == "forward";
  return {forward ? "optimizer" : "optimizer." + group, "How the " + group + " weights take their steps.",
          optimizer_parameters(),
          [group](const Recipe& recipe, const std::string& key) {
            return recipe.optimizers.at(group).value(key);
          },
          [group](Recipe& recipe, const std::string& key, const Value& value) {
            recipe.optimizers[group].set(key, value);
          }};
}

const std::vector<FreeSection>& free_sections() {
  static const std::vector<FreeSection> sections = {
      {"rule", "The learning rule and its parameters.", &Recipe::rule_settings},
      {"passes", "The rule's own passes over the data.", &Recipe::passes},
      {"probes", "Minibatches between two measurements of each probe.", &Recipe::probes}};
  return sections;
}

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const auto& section : fixed_sections()) names.push_back(section.name);
  for (const auto& section : free_sections()) names.push_back(section.name);
  names.push_back("optimizer.feedback");
  return names;
}

std::vector<RecipeSection> recipe_schema() {
  std::vector<RecipeSection> schema;
  for (const auto& section : fixed_sections())
    schema.push_back({section.name, section.meaning, section.parameters});
  for (const auto& section : free_sections()) schema.push_back({section.name, section.meaning, {}});
  for (auto& section : schema) {
    if (section.name == "rule") section.parameters = {kRuleId};
  }
  return schema;
}

}  // namespace apical
