// JSON text found, taken apart and written.
#include "corpus/json_line.h"

#include "base/json.h"
#include "corpus/testing.h"

namespace isoflop::corpus {
namespace {

TEST(JsonMembers, AreFoundWhereTheyStand) {
  const std::string object = R"( {"a\"b" : [1, {"x": "}]"}, "\\"] , "c":"d\\" ,"e" : -1.5e3})";
  const auto value = [&](std::size_t member) {
    const JsonSpan span = member_value(object, member);
    return object.substr(span.first, span.last - span.first);
  };
  EXPECT_EQ(value(0), R"([1, {"x": "}]"}, "\\"])");
  EXPECT_EQ(value(1), R"("d\\")");
  EXPECT_EQ(value(2), "-1.5e3");
}

TEST(JsonText, ComesBackThroughAParser) {
  std::string text = "é日\"\\/ \x7F";
  for (char c = 1; c < 0x20; ++c) text += c;
  text += '\0';
  std::string out;
  append_json_text(out, text);
  EXPECT_EQ(Json::parse(out).get<std::string>(), text);
}

TEST(Splice, ReplacesAndAddsAroundOneValueAndKeepsTheRest) {
  Splice splice(R"({ "n" : 1.50,"text":"old" , "source": null}  )", 1);
  splice.replace(2, "\"a\"");
  splice.add("i\"d", "7");
  const auto [before, after] = splice.around();
  EXPECT_EQ(before, R"({ "n" : 1.50,"text":)");
  EXPECT_EQ(after, R"( , "source": "a", "i\"d": 7})");
}

}  // namespace
}  // namespace isoflop::corpus
