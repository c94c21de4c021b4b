// A recipe: everything that makes a training run what it is, as one TOML file. docs/recipes.md describes it
// for users.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apical/optimizer_settings.h"
#include "apical/parameter.h"
#include "apical/teacher_settings.h"

namespace apical {

// [recipe]
struct RecipeInfo {
  std::string name = "unnamed";
  std::string summary;
  std::string source;  // paper and table that the settings come from
  bool operator==(const RecipeInfo&) const = default;
};

// [recipe.published]: the number that this recipe has to meet. No metric: nothing was published.
struct Published {
  std::string metric;      // as in the run's record: test_error, test_loss, train_loss
  double value = 0;        // in the metric's unit
  double sd = 0;           // over seeds
  double tolerance = 0;    // how far from `value` the mean over seeds may be
  std::int64_t seeds = 0;  // runs behind `value` and `sd`; 0: not known
  bool operator==(const Published&) const = default;
};

// [problem]
struct ProblemSettings {
  std::string data = "digits";          // digits, mnist, fashion-mnist, student-teacher, csv:FILE, npz:FILE
  std::string task = "classification";  // classification, autoencoder, regression
  std::string loss =
      "cross-entropy";  // cross-entropy, mean-squared-error (mean over outputs), half-squared-error (½ sum)
  std::string standardisation = "default";  // default (the data set's own), none, unit, standard
  std::int64_t validation = 0;              // samples held out of the training set
  std::int64_t training_samples = 0;        // 0: all
  std::int64_t batch_size = 128;
  bool operator==(const ProblemSettings&) const = default;
};

// [network]
struct NetworkSettings {
  std::vector<std::int64_t> layers = {
      0, 128, 0};                   // widths from input to output; a 0 at either end is taken from the data
  std::string activation = "tanh";  // of every hidden layer, or one for each: "tanh, linear, tanh"
  std::string output_activation = "linear";
  std::string initialiser = "xavier-normal";
  double gain = 1;
  bool biases = true;
  bool operator==(const NetworkSettings&) const = default;

  // The names of the hidden layers' activations, one for each. Needs a checked recipe.
  std::vector<std::string> hidden_activations() const;
};

// [training]
struct TrainingSettings {
  std::int64_t epochs = 10;
  std::vector<std::int64_t> seeds = {42};  // one run each; `seed = 42` is read as seeds = [42]
  std::string precision = "float32";       // float32, float64, bfloat16: settling steps with rounded factors
  std::int64_t threads = 0;                // 0: every core
  std::string kernels = "auto";            // auto, reference or the name of an instruction set
  std::int64_t early_stopping = 0;         // epochs without a better validation result; 0: never
  std::int64_t checkpoint_epochs = 1;      // epochs between two checkpoints; 0: none by epochs
  double checkpoint_minutes = 10;          // minutes between two checkpoints within an epoch; 0: none by time
  bool operator==(const TrainingSettings&) const = default;
};

// `key = value` lines whose schema belongs to somebody else: a rule's parameters, its passes, the probes.
class FreeSettings {
 public:
  struct Setting {
    std::string key;
    Value value;
    std::string where;  // "run.toml:12", "--set"; empty: a default
    bool operator==(const Setting& other) const { return key == other.key && value == other.value; }
  };

  // Replaces the value of a key or adds it at the end.
  void set(const std::string& key, const Value& value, const std::string& where);
  void clear();
  void remove(std::string_view key);
  // Hands every setting to `parameters` and takes all values over, defaults too, so that the recipe prints
  // them with unit and meaning. Throws Error that names file, line, key and the nearest valid key.
  void resolve(Parameters& parameters);

  const std::vector<Setting>& all() const { return settings_; }
  const Setting* find(std::string_view key) const;
  // What resolve() learned about the settings; empty before.
  const std::vector<Parameter>& described() const { return described_; }

  bool operator==(const FreeSettings& other) const { return settings_ == other.settings_; }

 private:
  std::vector<Setting> settings_;
  std::vector<Parameter> described_;
};

class Recipe {
 public:
  RecipeInfo info;
  Published published;
  ProblemSettings problem;
  TeacherSettings teacher;  // [problem.teacher], of the student-teacher problem alone
  NetworkSettings network;
  std::string rule = "backprop";  // [rule] id
  FreeSettings rule_settings;     // [rule], the rest
  std::map<std::string, OptimizerSettings> optimizers{
      {"forward", {}}};  // [optimizer] is "forward", [optimizer.x] is "x"
  TrainingSettings training;
  FreeSettings passes;  // [passes]: the rule's own passes over the data
  FreeSettings probes;  // [probes]: minibatches between two measurements

  // "training.epochs=3", "optimizer.feedback.learning_rate=1e-3", "rule.k_p=2". Throws Error at `where`; the
  // recipe is then unchanged.
  void set(std::string_view assignment, const std::string& where = "--set");
  // Several at once: only the outcome has to fit together, so their order does not matter.
  void set(std::span<const std::string> assignments, const std::string& where = "--set");
  // Another rule on the same problem: drops the settings, passes and optimizers of the one before, if it was another.
  void set_rule(const std::string& id, bool keep_optimizers = false);

  // Whether the file or set() said this key ("training.epochs") or anything in this section
  // ("optimizer.feedback").
  bool says(std::string_view path) const;
  // Where it was said: "run.toml:12", "--set"; else the file.
  std::string where(std::string_view path) const;
  const std::string& file() const { return file_; }

  // Throws Error if a value is out of range or two do not fit together. Parsing and set() do it themselves.
  void check() const;
  // Every value, said or not, with unit, requirement and meaning as comments. Parsing it gives an equal
  // recipe.
  std::string to_toml() const;
  // Every value by its path: "training.epochs".
  std::map<std::string, Value> values() const;

  // Same values; where they were said does not count.
  bool operator==(const Recipe& other) const;

 private:
  friend class RecipeReader;
  void remember(const std::string& path, const std::string& where);

  std::string file_ = "recipe";
  std::map<std::string, std::string, std::less<>> said_;  // path → where
};

// Throws Error with file, line and, for a mistake in the TOML itself, column; a misspelt key is answered with
// the nearest.
Recipe load_recipe(const std::filesystem::path& path);
// The same from a text; `name` stands for the file in messages.
Recipe parse_recipe(std::string_view text, const std::string& name);

// One section of a recipe that has a schema, for help and documentation.
struct RecipeSection {
  std::string name;  // "training", "optimizer"
  std::string meaning;
  std::vector<Parameter> parameters;
};
std::vector<RecipeSection> recipe_schema();

}  // namespace apical
