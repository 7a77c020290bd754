// What is left, as JSON Lines, and who belongs together.
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "corpus/dedup_work.h"

namespace isoflop::corpus {
namespace {

namespace fs = std::filesystem;

bool plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

// does one of eight bytes need an escape? The zero-byte test of each byte, less 0x20, xor quote, xor backslash.
bool eight_plain(const char* at) {
  constexpr std::uint64_t kOnes = UINT64_C(0x0101010101010101), kHighs = UINT64_C(0x8080808080808080);
  std::uint64_t bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  const std::uint64_t quote = bytes ^ kOnes * '"', backslash = bytes ^ kOnes * '\\';
  const std::uint64_t found = ((bytes - kOnes * 0x20) & ~bytes) | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash);
  return (found & kHighs) == 0;
}

void append_escape(char c, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '\\';
  switch (c) {
    case '"':
    case '\\':
      out += c;
      return;
    case '\n':
      out += 'n';
      return;
    case '\t':
      out += 't';
      return;
    case '\r':
      out += 'r';
      return;
    default:
      out += "u00";
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

void append_escaped(std::string_view text, std::string& out) {
  std::size_t done = 0, at = 0;
  while (at < text.size()) {
    while (at + 8 <= text.size() && eight_plain(text.data() + at)) at += 8;
    while (at < text.size() && plain(text[at])) ++at;
    if (at == text.size()) break;
    out += text.substr(done, at - done);
    append_escape(text[at++], out);
    done = at;
  }
  out += text.substr(done);
}

void write_documents(DedupWork& work, PartsFolder& folder) {
  std::vector<std::string> lines(Spool::kMostSlots);
  work.for_each(
      "write",
      [&](std::int64_t, std::size_t slot, const Document& document) {
        std::string& line = lines[slot];
        line.clear();
        line += document.before;
        append_escaped(document.text, line);
        line += document.after;
      },
      [&](std::size_t slot, const Document&) { folder.write(lines[slot]); });
}

void write_clusters(DedupWork& work, const Spool& ids, const fs::path& path) {
  if (path.has_parent_path()) make_folder(path.parent_path());
  OutputFile file(path);
  std::vector<std::uint32_t> numbers(work.clusters.size());  // of the cluster whose root it is
  std::uint32_t next = 0;
  ids.for_each(work.team, work.stop, {}, [&](std::size_t, const Spool::Item& item) {
    const std::uint32_t number = item.document.number, root = work.clusters.root(number);
    if (root == number) numbers[number] = next++;
    file.write("{\"id\":");
    file.write(item.document.text);
    file.write(",\"cluster\":" + std::to_string(numbers[root]) + "}\n");
  });
  file.finish();
}

}  // namespace isoflop::corpus
