// Equal documents, paragraphs and lines: the hashes of all tell which stood earlier.
#include <bit>

#include "corpus/dedup_work.h"
#include "corpus/units.h"

namespace isoflop::corpus {
namespace {

constexpr int kSourceBits = 24;

struct Occurrence {
  UnitHash hash;
  std::uint64_t place = 0;  // in reading order, then the source

  [[nodiscard]] std::uint64_t order() const { return hash.high; }
  [[nodiscard]] std::uint64_t index() const { return place >> kSourceBits; }
  [[nodiscard]] std::uint32_t source() const { return static_cast<std::uint32_t>(place & ((1U << kSourceBits) - 1)); }
  friend auto operator<=>(const Occurrence&, const Occurrence&) = default;
};

class Marks {
 public:
  explicit Marks(std::uint64_t size) : words_((size + 63) / 64) {}
  void set(std::uint64_t at) { words_[at / 64] |= std::uint64_t{1} << at % 64; }
  [[nodiscard]] bool test(std::uint64_t at) const { return (words_[at / 64] >> at % 64 & 1) != 0; }

 private:
  std::vector<std::uint64_t> words_;
};

const char* stage_name(DedupMethod method) {
  return method == DedupMethod::documents ? "equal documents" : method == DedupMethod::lines ? "equal lines" : "equal paragraphs";
}

// is this part one that is compared?
bool compared(std::string_view core, std::int64_t min_unit) {
  return !core.empty() && static_cast<std::int64_t>(core.size()) >= min_unit;
}

void hash_parts(const Document& document, DedupMethod method, std::int64_t min_unit, std::vector<UnitHash>& hashes) {
  hashes.clear();
  if (method == DedupMethod::documents) {
    hashes.push_back(hash_unit(document.text));
    return;
  }
  for_each_part_of(document.text, method == DedupMethod::paragraphs, [&](std::string_view, std::string_view core) {
    if (compared(core, min_unit)) hashes.push_back(hash_unit(core));
  });
}

// marks all but the first of every hash; occurrences come in reading order
Marks mark_later(DedupWork& work, DedupMethod method, Partitions<Occurrence>& occurrences, std::uint64_t count) {
  Marks later(count);
  std::vector<std::uint32_t> slots;  // an index plus one into the part, at the hash's place or after it; 0 is empty
  const auto stopped = [&] { work.fail_stopped(); };
  occurrences.for_each_part(work.team, work.stop, stopped, [&](std::span<const Occurrence> part) {
    const std::size_t size = std::bit_ceil(2 * part.size() + 1);
    slots.assign(size, 0);
    for (std::size_t i = 0; i < part.size(); ++i) {
      const Occurrence& each = part[i];
      std::size_t at = each.hash.low & (size - 1);
      while (slots[at] != 0 && part[slots[at] - 1].hash != each.hash) at = (at + 1) & (size - 1);
      if (slots[at] == 0) {
        slots[at] = static_cast<std::uint32_t>(i + 1);
        continue;
      }
      const Occurrence& first = part[slots[at] - 1];
      later.set(each.index());
      work.between.add(method, each.source(), first.source());
      if (method == DedupMethod::documents)
        work.clusters.join(static_cast<std::uint32_t>(first.index()), static_cast<std::uint32_t>(each.index()));
    }
  });
  return later;
}

}  // namespace

DedupStage remove_equal(DedupWork& work, DedupMethod method) {
  DedupStage stage{.method = method};
  const std::int64_t min_unit = work.options.min_unit;
  Partitions<Occurrence> occurrences(work.folder, work.record_memory(), false);
  std::vector<std::vector<UnitHash>> hashes(Spool::kMostSlots);
  std::uint64_t count = 0;
  if (work.sources.size() >> kSourceBits != 0)
    throw Error(Fault::bad_data, "dedup", "more than 16 million sources",
                "choose another --source-key, or one that no document has");
  work.for_each(
      stage_name(method),
      [&](std::int64_t, std::size_t slot, const Document& document) { hash_parts(document, method, min_unit, hashes[slot]); },
      [&](std::size_t slot, const Document& document) {
        ++stage.documents;
        for (const UnitHash& hash : hashes[slot]) {
          const std::uint64_t index = method == DedupMethod::documents ? document.number : count;
          occurrences.add({hash, index << kSourceBits | document.source});
          ++count;
        }
      });
  hashes.clear();
  const bool documents = method == DedupMethod::documents;
  if (!documents) stage.units = static_cast<std::int64_t>(count);
  const Marks later = mark_later(work, method, occurrences, documents ? work.facts.size() : count);

  if (documents) {
    work.for_each_number([&](std::uint32_t number) {
      if (later.test(number)) work.remove(number, stage);
    });
    return stage;
  }
  std::uint64_t next = 0;
  const auto gone = [&](std::size_t, std::string_view core) { return compared(core, min_unit) && later.test(next++); };
  work.without_parts(stage_name(method), method == DedupMethod::paragraphs, {}, gone, stage);
  return stage;
}

}  // namespace isoflop::corpus
