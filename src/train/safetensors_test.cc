#include "train/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "base/hash.h"
#include "base/testing.h"
#include "isoflop/base.h"

namespace isoflop::checkpoint {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

fs::path file_path() {
  return process_folder() / testing::UnitTest::GetInstance()->current_test_info()->name();
}

const std::vector<TensorShape> kTensors = {{"a", 2, 3}, {"b", 1, 4}};

std::string file_of(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\0');
}

// Why a file with this content, its checksum in order, is refused; empty if it is not.
std::string refusal(const std::string& bytes) {
  std::ofstream(file_path(), std::ios::binary) << bytes;
  try {
    const SafetensorsFile file(file_path(), {static_cast<std::int64_t>(bytes.size()), xxh3(bytes)}, kTensors);
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_EQ(error.subject(), file_path().string());
    return error.problem();
  }
  return "";
}

std::string entry(const std::string& name, const std::string& shape, int begin, int end, const std::string& dtype = "F32") {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":[)" + shape + R"(],"data_offsets":[)" + std::to_string(begin) +
         "," + std::to_string(end) + "]}";
}

const std::string kA = entry("a", "2,3", 0, 24), kB = entry("b", "4", 24, 40);

TEST(Safetensors, ComeBackAsTheyWereWritten) {
  const FileFacts facts = write_safetensors(file_path(), kTensors, [](std::size_t i, std::span<float> out) {
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = static_cast<float>(10 * i + k) + 0.5F;
  });
  EXPECT_EQ(facts.bytes, static_cast<std::int64_t>(fs::file_size(file_path())));
  const SafetensorsFile file(file_path(), facts, kTensors);
  EXPECT_EQ(file.tensor(0), (std::vector<float>{0.5F, 1.5F, 2.5F, 3.5F, 4.5F, 5.5F}));
  EXPECT_EQ(file.tensor(1), (std::vector<float>{10.5F, 11.5F, 12.5F, 13.5F}));
}

TEST(Safetensors, OfOthersAreReadInAnyOrderWithOrWithoutMetadata) {
  EXPECT_EQ(refusal(file_of("{" + kA + "," + kB + "}", 40)), "");
  EXPECT_EQ(
      refusal(file_of(R"({"__metadata__":{"by":"x"},)" + entry("b", "4", 0, 16) + "," + entry("a", "2,3", 16, 40) + "}  ", 40)),
      "");
}

TEST(Safetensors, WithAHeaderThatIsNotInsideTheFileAreRefused) {
  EXPECT_THAT(refusal("1234567"), HasSubstr("shorter"));
  std::string bytes = file_of("{" + kA + "," + kB + "}", 40);
  for (const std::uint64_t length : {std::uint64_t{bytes.size() - 7}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    std::memcpy(bytes.data(), &length, 8);
    EXPECT_THAT(refusal(bytes), HasSubstr("not inside the file"));
  }
}

TEST(Safetensors, WithAHoleAnOverlapOrUncoveredBytesAreRefused) {
  EXPECT_THAT(refusal(file_of("{" + kA + "," + entry("b", "4", 28, 44) + "}", 44)), HasSubstr("hole"));
  EXPECT_THAT(refusal(file_of("{" + kA + "," + entry("b", "4", 20, 36) + "}", 36)), HasSubstr("overlap"));
  EXPECT_THAT(refusal(file_of("{" + kA + "," + kB + "}", 44)), HasSubstr("cover 40 of 44"));
  EXPECT_THAT(refusal(file_of("{" + kA + "," + kB + "}", 36)), HasSubstr("cover 40 of 36"));
}

TEST(Safetensors, WithAKeyTwiceAreRefused) {
  EXPECT_THAT(refusal(file_of("{" + kA + "," + kA + "," + kB + "}", 40)), HasSubstr("`a` stands twice"));
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)" + kB + "}", 40)),
              HasSubstr("`dtype` stands twice"));
}

TEST(Safetensors, WithTensorsThatAreNotTheModelsAreRefused) {
  EXPECT_THAT(refusal(file_of("{" + kA + "," + entry("c", "4", 24, 40) + "}", 40)), HasSubstr("`b` is missing"));
  EXPECT_THAT(refusal(file_of("{" + entry("a", "3,2", 0, 24) + "," + kB + "}", 40)), HasSubstr("`a` has another shape"));
  EXPECT_THAT(refusal(file_of("{" + kA + "," + kB + "," + entry("c", "1", 40, 44) + "}", 44)),
              HasSubstr("3 tensors, expected 2"));
}

TEST(Safetensors, WithEntriesThatDoNotAddUpAreRefused) {
  EXPECT_THAT(refusal(file_of("{" + entry("a", "2,3", 0, 24, "F16") + "," + kB + "}", 40)), HasSubstr("dtype is not F32"));
  EXPECT_THAT(refusal(file_of("{" + entry("a", "2,4", 0, 24) + "," + kB + "}", 40)), HasSubstr("needs 32 bytes, it has 24"));
  EXPECT_THAT(refusal(file_of("{" + entry("a", "4294967296,4294967296", 0, 24) + "," + kB + "}", 40)),
              HasSubstr("larger than any file"));
  EXPECT_THAT(refusal(file_of("{" + entry("a", "2,-3", 0, 24) + "," + kB + "}", 40)), HasSubstr("not a list of counts"));
  EXPECT_THAT(refusal(file_of("{" + entry("a", "2,3.5", 0, 24) + "," + kB + "}", 40)), HasSubstr("not a list of counts"));
  EXPECT_THAT(refusal(file_of("{" + entry("a", "2,3", 24, 0) + "," + kB + "}", 40)), HasSubstr("not a range"));
  EXPECT_THAT(refusal(file_of("{\"a\":7," + kB + "}", 40)), HasSubstr("expected dtype"));
}

TEST(Safetensors, WithAHeaderThatIsNotJsonAreRefused) {
  EXPECT_THAT(refusal(file_of("{", 0)), HasSubstr("not JSON"));
  EXPECT_THAT(refusal(file_of("[]", 0)), HasSubstr("not an object"));
  EXPECT_THAT(refusal(file_of("{\"a\":" + std::string(1000, '[') + std::string(1000, ']') + "}", 0)), HasSubstr("nested"));
}

}  // namespace
}  // namespace isoflop::checkpoint
