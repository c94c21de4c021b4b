#include "apical/parameter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "apical/error.h"

namespace apical {
namespace {

using testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Parameters dfc() {
  return Parameters("rule dfc",
                    {real("k_p", 2.0, "1/tau_u", 0, 100, "proportional gain of the controller."),
                     whole("steps", 1000, "steps", 1, 1e6, "Euler steps of one settling phase."),
                     flag("proactive", true, "the control acts in the step that computes it."),
                     choice("reading", "code", {"code", "paper"}, "which source to follow."),
                     text("note", "", "anything."), reals("rates", {}, "", 0, kInfinity, "rate per layer."),
                     wholes("widths", {3, 4}, "units", 1, 100, "units per layer.")});
}

TEST(ToToml, WritesTheFewestDigitsThatReadBackToTheSameBits) {
  EXPECT_EQ(to_toml(0.02), "0.02");
  EXPECT_EQ(to_toml(3.0), "3.0");
  EXPECT_EQ(to_toml(-0.0), "-0.0");
  EXPECT_EQ(to_toml(std::int64_t{-7}), "-7");
  EXPECT_EQ(to_toml(true), "true");
  EXPECT_EQ(to_toml(std::vector<double>{1.0, 2.5e-8}), "[1.0, 2.5e-08]");
  EXPECT_EQ(to_toml(std::vector<std::int64_t>{}), "[]");
  // The C library's strtod is the oracle of the bits.
  std::mt19937_64 generator(1);
  for (int i = 0; i < 10000; ++i) {
    const auto value = std::bit_cast<double>(generator());
    if (!std::isfinite(value)) continue;
    const std::string written = to_toml(value);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(std::strtod(written.c_str(), nullptr)),
              std::bit_cast<std::uint64_t>(value));
    EXPECT_NE(written.find_first_of(".e"), std::string::npos) << written;
  }
}

TEST(ToToml, EscapesWhatABasicStringMayNotHold) {
  EXPECT_EQ(to_toml(std::string("a \"b\" \\ c\n\t\x01\x7f é")),
            "\"a \\\"b\\\" \\\\ c\\n\\t\\u0001\\u007F é\"");
}

TEST(Parameters, StartAtTheirFallbacksAndRememberWhatWasSet) {
  Parameters p = dfc();
  EXPECT_EQ(p.real("k_p"), 2.0);
  EXPECT_FALSE(p.was_set("k_p"));
  p.set("k_p", std::int64_t{3});
  EXPECT_EQ(p.real("k_p"), 3.0);
  EXPECT_TRUE(p.was_set("k_p"));
  EXPECT_FALSE(p.was_set("steps"));
  EXPECT_EQ(p.wholes("widths"), (std::vector<std::int64_t>{3, 4}));
}

TEST(Parameters, OneNumberMayStandForAListOfOne) {
  Parameters p = dfc();
  p.set("widths", std::int64_t{5});
  p.set("rates", std::int64_t{2});
  EXPECT_EQ(p.wholes("widths"), (std::vector<std::int64_t>{5}));
  EXPECT_EQ(p.reals("rates"), (std::vector<double>{2.0}));
  p.set("rates", 0.5);
  EXPECT_EQ(p.reals("rates"), (std::vector<double>{0.5}));
  EXPECT_THROW(p.set("widths", 5.0), Error);
}

TEST(Parameters, ReadTextAsTheKindOfTheParameter) {
  Parameters p = dfc();
  p.set_text("k_p", "1e-3");
  p.set_text("steps", "12");
  p.set_text("proactive", "false");
  p.set_text("reading", "paper");
  p.set_text("note", "3");
  p.set_text("rates", "1, 0.5");
  p.set_text("widths", "[5,6 , 7]");
  EXPECT_EQ(p.real("k_p"), 1e-3);
  EXPECT_EQ(p.whole("steps"), 12);
  EXPECT_FALSE(p.flag("proactive"));
  EXPECT_EQ(p.text("reading"), "paper");
  EXPECT_EQ(p.text("note"), "3");
  EXPECT_EQ(p.reals("rates"), (std::vector<double>{1, 0.5}));
  EXPECT_EQ(p.wholes("widths"), (std::vector<std::int64_t>{5, 6, 7}));
}

TEST(Parameters, AnUnknownNameIsAnsweredWithTheNearest) {
  Parameters p = dfc();
  const auto message = error_of([&] { p.set("kp", 1.0, "run.toml:4"); });
  EXPECT_THAT(message, HasSubstr("run.toml:4: rule dfc: unknown parameter 'kp'. Did you mean 'k_p'?"));
  EXPECT_THAT(error_of([&] { p.set("kp", 1.0); }), HasSubstr("rule dfc: unknown parameter 'kp'."));
}

TEST(Parameters, AMisfitSaysWhatWasRequiredWhatCameAndWhatItMeans) {
  Parameters p = dfc();
  EXPECT_EQ(error_of([&] { p.set("k_p", -1.0, "run.toml:4"); }),
            "run.toml:4: rule dfc: 'k_p' must be a real in [0, 100] (unit: 1/tau_u), got -1.0. "
            "'k_p' is: proportional gain of the controller.");
  EXPECT_THAT(error_of([&] { p.set("steps", 2.5); }),
              HasSubstr("'steps' must be a whole number in [1, 1000000]"));
  EXPECT_THAT(error_of([&] { p.set("steps", std::string("ten")); }), HasSubstr("got \"ten\"."));
  EXPECT_THAT(error_of([&] { p.set("proactive", std::int64_t{1}); }),
              HasSubstr("'proactive' must be true or false, got 1."));
  EXPECT_THAT(error_of([&] { p.set("reading", std::string("papre")); }), HasSubstr("Did you mean 'paper'?"));
  EXPECT_THAT(error_of([&] {
                p.set("rates", std::vector<double>{1, -1});
              }),
              HasSubstr("a list of reals ≥ 0"));
  EXPECT_EQ(p.real("k_p"), 2.0) << "a refused value must not be kept";
  EXPECT_FALSE(p.was_set("k_p"));
}

TEST(Parameters, TextThatIsNoNumberIsRefused) {
  Parameters p = dfc();
  for (const char* bad : {"", "1.5", "12x", "0x10", "99999999999999999999", "+-1"}) {
    EXPECT_THROW(p.set_text("steps", bad), Error) << bad;
  }
  for (const char* bad : {"", "1,5", "nan", "inf", "1e999", "two"})
    EXPECT_THROW(p.set_text("k_p", bad), Error) << bad;
  for (const char* bad : {"1,,2", "[1", "1;2"}) EXPECT_THROW(p.set_text("rates", bad), Error) << bad;
  EXPECT_THROW(p.set_text("proactive", "yes"), Error);
}

TEST(Parameters, NumbersThatAreNotFiniteAreRefused) {
  Parameters p = dfc();
  EXPECT_THROW(p.set("rates", std::vector<double>{kInfinity}), Error);
  EXPECT_THROW(p.set("k_p", std::nan("")), Error);
}

TEST(Parameters, ReadingWhatWasNeverDescribedIsABug) {
  const Parameters p = dfc();
  EXPECT_THROW(p.real("steps"), InternalError);
  EXPECT_THROW(p.real("nothing"), InternalError);
  EXPECT_THROW(Parameters("twice", {flag("a", true, ""), flag("a", true, "")}), InternalError);
}

TEST(Parameter, SaysItsRequirement) {
  EXPECT_EQ(real("a", 0, "", 0, 1, "").requirement(), "real in [0, 1]");
  EXPECT_EQ(whole("a", 1, "", 1, kInfinity, "").requirement(), "whole number ≥ 1");
  EXPECT_EQ(choice("a", "x", {"x", "y"}, "").requirement(), "one of x, y");
  EXPECT_EQ(flag("a", true, "").requirement(), "true or false");
}

}  // namespace
}  // namespace apical
