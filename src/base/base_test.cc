#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/apportion.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/math.h"
#include "base/output.h"
#include "base/random.h"
#include "base/sealed_json.h"
#include "base/team.h"
#include "base/testing.h"
#include "base/utf8.h"
#include "isoflop/text.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

double worst_relative(double (*ours)(double), double (*libm)(double), double low, double high) {
  double worst = 0;
  for (int i = 0; i <= 20'000; ++i) {
    const double x = low + (high - low) * i / 20'000;
    const double want = libm(x);
    const double error = std::fabs(ours(x) - want) / std::max(std::fabs(want), 1e-300);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

TEST(Math, AgreesWithLibmWithinFourUnitsInTheLastPlace) {
  EXPECT_LE(worst_relative(exp_, std::exp, -700, 700), 9e-16);
  EXPECT_LE(worst_relative(log_, std::log, 1e-9, 0.9), 9e-16);
  EXPECT_LE(worst_relative(log_, std::log, 1.1, 1e9), 9e-16);
  EXPECT_LE(worst_relative(tanh_, std::tanh, -10, 10), 9e-16);
  EXPECT_LE(worst_relative(erf_, std::erf, -5, 5), 2e-15);
}

TEST(Math, CosIsRightToAnAbsoluteErrorOfOneInTenToTheFifteen) {
  for (int i = 0; i < 10'000; ++i) EXPECT_NEAR(cos_(i * 0.01 - 50), std::cos(i * 0.01 - 50), 1e-15);
}

TEST(Math, KeepsTheEdges) {
  EXPECT_EQ(exp_(0), 1);
  EXPECT_EQ(log_(1), 0);
  EXPECT_EQ(exp_(-1000), 0);
  EXPECT_TRUE(std::isinf(exp_(1000)));
  EXPECT_TRUE(std::isnan(exp_(NAN)));
  EXPECT_TRUE(std::isnan(log_(-1)));
  EXPECT_TRUE(std::isnan(tanh_(NAN)));
  EXPECT_EQ(erf_(0), 0);
}

TEST(Philox, MatchesThePublishedKnownAnswer) {
  // Random123's kat_vectors: philox4x32-10, counter and key all ones
  Philox rng{0xffffffffffffffffULL, static_cast<Stream>(0xffffffffU)};
  EXPECT_THAT(rng.words(0xffffffffffffffffULL, 0xffffffffU),
              testing::ElementsAre(0x408f276dU, 0x41c83b0eU, 0xa20bc7c6U, 0x6d5451fdU));
}

TEST(Philox, NormalsHaveMeanZeroAndVarianceOne) {
  const Philox rng{7, Stream::weights};
  double sum = 0, squares = 0;
  constexpr int kCount = 200'000;
  for (int i = 0; i < kCount; ++i) {
    const double x = rng.normal(static_cast<std::uint64_t>(i));
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kCount, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1, 5 * std::sqrt(2.0 / kCount));
}

TEST(Permutation, VisitsEveryElementOnceAndDependsOnSeedAndKey) {
  for (const std::uint64_t n : {1U, 2U, 3U, 17U, 256U, 1000U}) {
    const Permutation order(n, 42, 3);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < n; ++i) seen.insert(order(i));
    EXPECT_EQ(seen.size(), n);
    EXPECT_LT(*seen.rbegin(), n);
  }
  int moved = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) moved += Permutation(1000, 42, 3)(i) != Permutation(1000, 42, 4)(i);
  EXPECT_GT(moved, 900);
}

TEST(Hash, Sha256OfAbcIsThePublishedOne) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Text, NumbersComeBackAsTheyWere) {
  for (const double x : {0.1, 1e300, -3.0, 1.0 / 3, 4.9e-324}) EXPECT_EQ(parse_double(format_number(x)), x);
  EXPECT_FALSE(parse_double("1.5x"));
  EXPECT_FALSE(parse_double(""));
  EXPECT_FALSE(parse_int("1.5"));
}

TEST(Text, PeopleReadGroupsAndPrefixes) {
  EXPECT_EQ(format_count(15'659'520), "15,659,520");
  EXPECT_EQ(format_count(12), "12");
  EXPECT_EQ(format_si(15'659'520), "15.7 M");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_seconds(200), "3 min 20 s");
}

TEST(Text, SuggestsTheNearestKey) {
  EXPECT_EQ(nearest("n_layr", {"n_layer", "n_head"}), "n_layer");
  EXPECT_EQ(nearest("zzzzzz", {"n_layer", "n_head"}), std::nullopt);
}

TEST(Csv, NamesTheSeparatorOfAnotherProgramsTable) {
  EXPECT_THAT(error_of([] { (void)read_csv("\"params\";loss\n1;2,5\n", "t.csv"); }).problem(),
              testing::HasSubstr("separated by `;`"));
  EXPECT_THAT(error_of([] { (void)read_csv("params\tloss\n1\t2\n", "t.csv"); }).problem(),
              testing::HasSubstr("separated by tabs"));
  EXPECT_EQ(read_csv("params,\"a;b\"\n1,2\n", "t.csv").size(), 2u);
}

TEST(Csv, ReadsWhatRfc4180Says) {
  const auto records = read_csv("a,\"b,\"\"c\"\"\",\r\n\n\"\",\"x\ny\",z", "t");
  ASSERT_EQ(records.size(), 3U);
  EXPECT_THAT(records[0].cells, testing::ElementsAre("a", "b,\"c\"", ""));
  EXPECT_THAT(records[1].cells, testing::ElementsAre(""));
  EXPECT_THAT(records[2].cells, testing::ElementsAre("", "x\ny", "z"));
  EXPECT_EQ(records[2].line, 3);
}

TEST(Json, RefusesDeepNestingAndNamesTheFile) {
  EXPECT_THROW((void)parse_json("{\"a\": 1e9999}", "large.json"), Error) << "a number beyond a double";
  EXPECT_THROW((void)parse_json(std::string(100'000, '['), "deep.json"), Error);
  try {
    (void)parse_json("{\"a\": ", "torn.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_EQ(error.subject(), "torn.json");
  }
}

TEST(File, AReplacedFileIsWholeAndLeavesNoTemporary) {
  const fs::path folder = fresh_folder("atomic");
  write_output(folder / "x", "one");
  write_output(folder / "x", "two");
  EXPECT_EQ(read_file(folder / "x"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}), 1);
}

TEST(File, AMissingFileIsMissingInputAndNamesThePath) {
  try {
    (void)read_file("/nowhere/at/all");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::missing_input);
    EXPECT_EQ(error.subject(), "/nowhere/at/all");
  }
}

TEST(File, AFullDiskIsIoAndKeepsTheOldFile) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  FileWriter writer("/dev/full", FileWriter::Mode::append);
  writer.write("x");
  try {
    writer.flush();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::io);
    EXPECT_THAT(error.hint(), testing::HasSubstr("free"));
  }
}

TEST(File, ASecondLockOnTheSameFileNamesTheHolder) {
  const fs::path folder = fresh_folder("lock");
  const FileLock first(folder / "lock", "run 1");
  EXPECT_THROW(FileLock(folder / "lock", "run 1"), Error);
}

const char* const kSealable[] = {"{\"a\":1}", "{\n  \"a\": {\n    \"b\": 2\n  }\n}"};

TEST(SealedJson, GivesBackTheObjectAndIsTheObjectWithOneKeyMore) {
  for (const std::string object : kSealable) {
    const std::string sealed = seal_json(object);
    EXPECT_EQ(unseal_json(sealed, "t"), object);
    EXPECT_TRUE(sealed.ends_with("\n"));
    Json expected = parse_json(object, "t");
    expected["checksum"] = hex64(xxh3(object));
    EXPECT_EQ(parse_json(sealed, "t"), expected);
  }
  EXPECT_THAT(seal_json(kSealable[0]), testing::MatchesRegex("\\{\"a\":1,\"checksum\":\"[0-9a-f]{16}\"\\}\n"));
}

TEST(SealedJson, AnyFlippedBitTruncationOrAddedByteIsFound) {
  for (const std::string object : kSealable) {
    const std::string sealed = seal_json(object);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
      EXPECT_FALSE(try_unseal_json(sealed.substr(0, i))) << i;
      for (int bit = 0; bit < 8; ++bit) {
        std::string flipped = sealed;
        flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
        EXPECT_FALSE(try_unseal_json(flipped)) << i << ", " << bit;
      }
    }
    EXPECT_FALSE(try_unseal_json(sealed + "\n"));
    EXPECT_FALSE(try_unseal_json(object));
  }
}

TEST(SealedJson, TheErrorNamesTheFileAndTheCure) {
  try {
    (void)unseal_json("{}", "state.json", "make it again");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::bad_data);
    EXPECT_EQ(error.subject(), "state.json");
    EXPECT_EQ(error.hint(), "make it again");
  }
}

TEST(Team, RunsEveryRankOnceAndWaitsForAll) {
  for (const std::int64_t threads : {1, 2, 5}) {
    Team team(threads);
    for (int round = 0; round < 200; ++round) {
      std::atomic<std::int64_t> sum{0};
      team.run([&](std::int64_t rank) { sum += rank + 1; });
      EXPECT_EQ(sum, threads * (threads + 1) / 2);
    }
  }
}

TEST(Team, ABarrierSeparatesTwoPhases) {
  Team team(4);
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> before{0};
    std::atomic<bool> early{false};
    team.run([&](std::int64_t) {
      ++before;
      team.barrier();
      if (before != 4) early = true;
    });
    EXPECT_FALSE(early);
  }
}

TEST(Team, ThatCannotBeStartedIsAnErrorAndItsFirstThreadsGoHome) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own memory is beyond any limit";
#else
  const auto start_with_little_memory = [] {
    const rlimit limit{1 << 30, 1 << 30};  // room for some of the stacks
    ::setrlimit(RLIMIT_AS, &limit);
    try {
      const Team team(10'000);
    } catch (const Error& error) {
      std::_Exit(error.fault() == Fault::failure ? 7 : 1);
    }
    std::_Exit(0);
  };
  EXPECT_EXIT(start_with_little_memory(), testing::ExitedWithCode(7), "");
#endif
}

TEST(Team, TheFirstExceptionReachesTheCaller) {
  Team team(3);
  EXPECT_THROW(team.run([](std::int64_t rank) {
    if (rank == 2) throw Error(Fault::failure, "rank", "two");
  }),
               Error);
  team.run([](std::int64_t) {});
}

TEST(WriteOutput, ReplacesAFileWholeAndLeavesADeviceADeviceAndALinkALink) {
  namespace fs = std::filesystem;
  const auto folder = fresh_folder(), path = folder / "out.csv";
  write_output(path.string(), "one");
  write_output(path.string(), "two");
  EXPECT_EQ(read_file(path), "two");
  fs::create_symlink("out.csv", folder / "link");
  write_output((folder / "link").string(), "three");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(path), "three");
  fs::create_symlink("new.csv", folder / "dangling");
  write_output((folder / "dangling").string(), "four");
  EXPECT_TRUE(fs::is_symlink(folder / "dangling"));
  EXPECT_EQ(read_file(folder / "new.csv"), "four");
  fs::create_symlink("loop", folder / "loop");
  EXPECT_THAT(error_of([&] { write_output((folder / "loop").string(), "x"); }).problem(), testing::HasSubstr("symbolic link"));
  write_output("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(error_of([&] { write_output((path / "below").string(), "x"); }).fault(), Fault::io);
  EXPECT_EQ(error_of([&] { write_output(folder.string(), "x"); }).fault(), Fault::io);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 5);  // nothing else is left
}

TEST(WriteOutput, OfAFullDiskNamesTheFileAndLeavesTheDevice) {
  if (!std::filesystem::is_character_file("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const Error error = error_of([] { write_output("/dev/full", "x"); });
  EXPECT_EQ(error.fault(), Fault::io);
  EXPECT_EQ(error.subject(), "/dev/full");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(OutputFile, ThatIsNotFinishedLeavesTheOldOne) {
  const auto path = fresh_folder() / "out";
  write_output(path.string(), "old");
  {
    OutputFile file(path);
    file.write(std::string(1 << 20, 'x'));
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}), 1);
}

TEST(ScratchFolder, TakesThePlaceOfWhatIsThereOrLeavesIt) {
  const auto folder = fresh_folder();
  const auto place = folder / "place";
  for (const char* word : {"one", "two"}) {
    ScratchFolder scratch(folder / "place.partial");
    write_output(scratch.path() / "x", word);
    scratch.replace(place);
  }
  EXPECT_EQ(read_file(place / "x"), "two");
  {
    ScratchFolder scratch(folder, ".work-");
    write_output(scratch.path() / "x", "three");
    EXPECT_FALSE(scratch.rename_to(place));
  }
  EXPECT_EQ(read_file(place / "x"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(ScratchFolder, IsHeldByOneWriterAndKeptWhereItCannotBeMoved) {
  const auto folder = fresh_folder();
  ScratchFolder scratch(folder / "out.partial");
  write_output(scratch.path() / "x", "mine");
  EXPECT_EQ(error_of([&] { ScratchFolder second(folder / "out.partial"); }).fault(), Fault::failure);
  EXPECT_EQ(read_file(folder / "out.partial" / "x"), "mine");

  const Error error = error_of([&] { scratch.replace(folder / "not_there" / "out"); });
  EXPECT_EQ(error.fault(), Fault::io);
  EXPECT_THAT(error.hint(), testing::HasSubstr("out.partial"));
  EXPECT_EQ(read_file(folder / "out.partial" / "x"), "mine");
}

TEST(WriteOutput, KeepsPermissionsAndFollowsALinkWithASlashAtItsEnd) {
  namespace fs = std::filesystem;
  const auto folder = fresh_folder(), secret = folder / "secret";
  write_output(secret.string(), "one");
  fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
  write_output(secret.string(), "two");
  EXPECT_EQ(fs::status(secret).permissions(), fs::perms::owner_read | fs::perms::owner_write);

  fs::create_directory(folder / "real");
  fs::create_symlink((folder / "real").string() + "/", folder / "link");
  EXPECT_EQ(place_of(folder / "link").filename(), "real");
}

TEST(WriteOutput, ReplacesPlainFilesInMemoryToo) {
  namespace fs = std::filesystem;
  if (!fs::is_directory("/dev/shm")) GTEST_SKIP() << "no /dev/shm here";
  const ScratchFolder place("/dev/shm", "isoflop-test-");
  for (const char* word : {"one", "two"}) write_output((place.path() / "x").string(), word);
  EXPECT_EQ(read_file(place.path() / "x"), "two");
}

TEST(Apportion, GivesLargestRemaindersAndKeepsCaps) {
  using Counts = std::vector<std::int64_t>;
  EXPECT_EQ(apportion(std::vector{0.3, 0.7}, 10), (Counts{3, 7}));
  EXPECT_EQ(apportion(std::vector{1.0, 1.0, 1.0}, 10), (Counts{4, 3, 3}));
  EXPECT_EQ(apportion(std::vector{5.0, 0.0, 5.0}, 3), (Counts{2, 0, 1}));
  // quotas 9.061, 7.179, 5.259, 3.319, 1.182: the seat left goes to the fourth
  EXPECT_EQ(apportion(std::vector{9061.0, 7179.0, 5259.0, 3319.0, 1182.0}, 26), (Counts{9, 7, 5, 4, 1}));
  EXPECT_EQ(apportion(std::vector{0.5, 0.5}, 10, Counts{2, 100}), (Counts{2, 8}));
  EXPECT_EQ(apportion(std::vector{0.5, 0.5}, 10, Counts{2, 3}), (Counts{2, 3}));
}

TEST(Csv, ARowComesBackAsItWas) {
  const std::vector<std::string> cells{"plain", "a,b", "say \"so\"", "two\nlines", ""};
  EXPECT_EQ(csv_row({"a", "b,c"}), "a,\"b,c\"\n");
  EXPECT_EQ(read_csv(csv_row(cells), "x").at(0).cells, cells);
}

TEST(Utf8, TellsCharactersFromTheirPartsAndWhatIsNone) {
  EXPECT_EQ(first_code_point("\xE3\x81\x82x").value, U'\u3042');
  EXPECT_TRUE(first_code_point("\xE3\x81").cut_off);
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE0\x9F\xBF", "\xF5"}) {
    const CodePoint point = first_code_point(bad);
    EXPECT_FALSE(point.valid || point.cut_off) << bad;
    EXPECT_EQ(point.length, 1u) << bad;
  }
  EXPECT_EQ(first_code_point("\xE3\x81x").length, 2u);  // one replacement for both
  EXPECT_EQ(whole_characters("a\u3042\u3044", 3), 1u);
  EXPECT_EQ(whole_characters("a\u3042\u3044", 4), 4u);
  EXPECT_EQ(whole_characters("ab", 9), 2u);
}

}  // namespace
}  // namespace isoflop
