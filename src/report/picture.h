// Vector figures as pixels, for places that take no SVG.
#pragma once

#include <filesystem>

namespace apical::report {

// Draws the SVG file as a PNG, `zoom` pixels to a unit of the figure, on white, through librsvg's rsvg-convert. False, and no file, if there
// is no such program on this machine; throws Error with its words if it fails. The picture takes its place by rename.
bool write_png(const std::filesystem::path& svg, const std::filesystem::path& png, double zoom = 1.5);

}  // namespace apical::report
