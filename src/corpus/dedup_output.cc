// What is left, as JSON Lines, and who belongs together.
#include "base/file.h"
#include "base/output.h"
#include "corpus/dedup_work.h"
#include "corpus/json_line.h"

namespace isoflop::corpus {
namespace fs = std::filesystem;

void write_documents(DedupWork& work, PartsFolder& folder) {
  std::vector<std::string> lines(Spool::kMostSlots);
  work.for_each(
      "write",
      [&](std::int64_t, std::size_t slot, const Document& document) {
        std::string& line = lines[slot];
        line.clear();
        line += document.before;
        append_json_text(line, document.text);
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
