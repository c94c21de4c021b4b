#include "workloads/shapes.h"

#include <algorithm>

#include "apical/error.h"

namespace apical::workloads {
namespace {

// input-w-…-w-output with `hidden` layers of width w
std::vector<std::size_t> layers_of(const WorkloadOptions& options, std::size_t width, std::size_t hidden) {
  std::vector<std::size_t> layers(hidden + 2, width);
  layers.front() = options.layers.front();
  layers.back() = options.layers.back();
  return layers;
}

template <class Change>
ShapeSeries series_of(const std::string& name, const WorkloadOptions& options,
                      const std::vector<std::size_t>& values, Change change) {
  ShapeSeries series{name, {}};
  for (const std::size_t value : values) {
    ShapePoint point{.x = static_cast<double>(value), .options = options, .measured = {}};
    change(point.options, value);
    series.points.push_back(std::move(point));
  }
  return series;
}

PowerLaw law_of(const std::vector<ShapePoint>& points, double (*y)(const ShapePoint&)) {
  std::vector<double> xs, ys;
  for (const ShapePoint& point : points) {
    xs.push_back(point.x);
    ys.push_back(y(point));
  }
  return fit_power_law(xs, ys);
}

}  // namespace

PowerLaw ShapeSeries::time() const {
  return law_of(points, [](const ShapePoint& point) { return point.measured.milliseconds; });
}

PowerLaw ShapeSeries::arithmetic() const {
  return law_of(points, [](const ShapePoint& point) { return point.necessary_flops; });
}

std::vector<std::string> default_shapes() { return {"dfc-dynamics", "backprop"}; }

std::vector<ShapeSeries> shapes_of(const std::string& workload, const WorkloadOptions& options) {
  if (options.layers.size() < 3)
    throw Error("bench --shapes: layers", "at least one hidden layer is required.");
  const std::size_t hidden = options.layers.size() - 2, width = options.layers[1];
  const auto wide = [hidden](WorkloadOptions& o, std::size_t w) { o.layers = layers_of(o, w, hidden); };
  // depth counts the layers that have weights
  const auto deep = [width](WorkloadOptions& o, std::size_t depth) {
    o.layers = layers_of(o, width, depth - 1);
  };
  const auto batched = [](WorkloadOptions& o, std::size_t batch) { o.batch = batch; };
  const auto long_ = [](WorkloadOptions& o, std::size_t steps) {
    o.steps = static_cast<std::int64_t>(steps);
  };
  std::vector<ShapeSeries> all = {series_of("width", options, {64, 128, 256, 512, 1024}, wide),
                                  series_of("depth", options, {2, 3, 4, 6, 8, 10}, deep),
                                  series_of("batch", options, {16, 32, 64, 128, 256, 512, 1024}, batched)};
  if (workload.ends_with("-dynamics")) {
    const auto most = static_cast<std::size_t>(options.steps);
    all.push_back(series_of("steps", options,
                            {std::max<std::size_t>(2, most / 8), std::max<std::size_t>(3, most / 4),
                             std::max<std::size_t>(4, most / 2), std::max<std::size_t>(5, most)},
                            long_));
  }
  all.push_back(series_of("odd width", options, {38, 37, 102, 101, 256, 257}, wide));
  return all;
}

}  // namespace apical::workloads
