#include "data/csv.h"

#include "support.h"

namespace apical {
namespace {

using namespace test;
using testing::HasSubstr;

CsvTable parse(const std::string& text) { return parse_csv(std::as_bytes(std::span(text)), "t.csv"); }

TEST(ReadCsv, ReadsNumbersWithAndWithoutAHeader) {
  const CsvTable plain = parse("1,2.5,-3e2\n4, 5 ,+6\n");
  EXPECT_EQ(plain.rows, 2U);
  EXPECT_EQ(plain.cols, 3U);
  EXPECT_EQ(plain.values, (std::vector<double>{1, 2.5, -300, 4, 5, 6}));
  EXPECT_TRUE(plain.columns.empty());

  const CsvTable named = parse("\"width\",height,label\r\n1,2,0\r\n\r\n3,4,1");
  EXPECT_EQ(named.columns, (std::vector<std::string>{"width", "height", "label"}));
  EXPECT_EQ(named.values, (std::vector<double>{1, 2, 0, 3, 4, 1}));
  EXPECT_EQ(named.column("height", "t.csv"), 1U);
  EXPECT_EQ(named.column("", "t.csv"), 2U);
}

TEST(ReadCsv, FindsTheSeparator) {
  EXPECT_EQ(parse("1;2\n3;4").values, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(parse("1\t2\n3\t4").values, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(parse("\xef\xbb\xbf"
                  "1\n2")
                .cols,
            1U)
      << "a byte order mark is no number";
}

TEST(ReadCsv, ReadsGzip) {
  const TestFolder folder;
  EXPECT_EQ(read_csv(folder.write("t.csv.gz", gzip("a,b\n1,2\n"))).values, (std::vector<double>{1, 2}));
  const std::string packed = gzip("a,b\n1,2\n");
  EXPECT_THAT(error_of([&] { read_csv(folder.write("t.csv.gz", packed.substr(0, packed.size() - 9))); }),
              HasSubstr("gzip stream ends early"));
}

TEST(ReadCsv, NamesLineAndColumnOfWhatIsWrong) {
  EXPECT_EQ(error_of([] { parse("a,b\n1,2\n3,x\n"); }), "t.csv:3: column 2: 'x' is not a number.");
  EXPECT_EQ(error_of([] { parse("1,2\n3,\n"); }), "t.csv:2: column 2: '' is not a number.");
  EXPECT_EQ(error_of([] { parse("1,2\n\n3,4,5\n"); }), "t.csv:3: has 3 columns, the first line has 2.");
  EXPECT_EQ(error_of([] { parse("1,2\n3,nan\n"); }), "t.csv:2: column 2: 'nan' is not a finite number.");
  EXPECT_EQ(error_of([] { parse("1,2\n-inf,3\n"); }), "t.csv:2: column 1: '-inf' is not a finite number.");
  EXPECT_EQ(error_of([] { parse("1,2\n1e999,3\n"); }), "t.csv:2: column 1: '1e999' is not a finite number.");
}

TEST(ReadCsv, RefusesATableWithoutRows) {
  for (const char* text : {"", "\n\n", "a,b\n"})
    EXPECT_EQ(error_of([&] { parse(text); }), "t.csv: has no row of numbers.");
}

TEST(ReadCsv, AnUnknownColumnIsAnsweredWithTheNearest) {
  const CsvTable table = parse("width,label\n1,2\n");
  EXPECT_THAT(error_of([&] { table.column("lable", "t.csv"); }),
              HasSubstr("unknown column 'lable'. Did you mean 'label'?"));
  EXPECT_THAT(error_of([] { parse("1,2").column("label", "t.csv"); }), HasSubstr("has no header"));
}

}  // namespace
}  // namespace apical
