#include "train/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <set>

#include "base/hash.h"
#include "base/json.h"

static_assert(std::endian::native == std::endian::little);

namespace isoflop::checkpoint {
namespace {

constexpr std::uint64_t kHeaderCap = 16 << 20;
constexpr std::size_t kLengthBytes = 8;

std::vector<std::int64_t> shape_of(const TensorShape& tensor) {
  if (tensor.rows == 1) return {tensor.cols};
  return {tensor.rows, tensor.cols};
}

std::string header_text(std::span<const TensorShape> tensors) {
  Json header;
  header["__metadata__"] = {{"format", "pt"}};
  std::int64_t offset = 0;
  for (const TensorShape& tensor : tensors) {
    const std::int64_t end = offset + tensor.rows * tensor.cols * static_cast<std::int64_t>(sizeof(float));
    Json entry;
    entry["dtype"] = "F32";
    entry["shape"] = shape_of(tensor);
    entry["data_offsets"] = {offset, end};
    header[tensor.name] = std::move(entry);
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

// The header as JSON, no key twice at any level: a parser that keeps the first and one that keeps the last would read two files.
Json parse_header(const std::string& text, const std::filesystem::path& path) {
  std::map<int, std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, Json& parsed) {
    if (depth > 4) throw Error(Fault::bad_data, path.string(), "header nested deeper than a header is");
    if (event == nlohmann::json::parse_event_t::object_start) keys[depth + 1].clear();
    if (event == nlohmann::json::parse_event_t::key && !keys[depth].insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return true;
  };
  Json header;
  try {
    header = Json::parse(text, watch);
  } catch (const nlohmann::json::exception&) {
    throw Error(Fault::bad_data, path.string(), "its header is not JSON");
  }
  if (!twice.empty()) throw Error(Fault::bad_data, path.string(), "key `" + twice + "` stands twice in its header");
  if (!header.is_object()) throw Error(Fault::bad_data, path.string(), "its header is not an object");
  return header;
}

struct Entry {
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

Entry parse_entry(const std::string& name, const Json& json, const std::filesystem::path& path) {
  const auto fail = [&](const std::string& problem) {
    return Error(Fault::bad_data, path.string(), "tensor `" + name + "`: " + problem);
  };
  const auto numbers = [&](const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_array()) throw fail(std::string("`") + key + "` is missing");
    for (const Json& number : *found) {
      if (!number.is_number_unsigned()) throw fail(std::string("`") + key + "` is not a list of counts");
    }
    return found->get<std::vector<std::uint64_t>>();
  };
  if (!json.is_object() || json.size() != 3) throw fail("expected dtype, shape and data_offsets");
  if (const auto dtype = json.find("dtype"); dtype == json.end() || *dtype != "F32") throw fail("its dtype is not F32");

  Entry entry;
  const auto offsets = numbers("data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) throw fail("`data_offsets` is not a range");
  entry.begin = offsets[0];
  entry.end = offsets[1];
  std::uint64_t bytes = sizeof(float);
  for (const std::uint64_t size : numbers("shape")) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 60;
    if (size != 0 && bytes > kMost / size) throw fail("its shape is larger than any file");
    bytes *= size;
    entry.shape.push_back(static_cast<std::int64_t>(size));
  }
  if (bytes != entry.end - entry.begin)
    throw fail("its shape needs " + std::to_string(bytes) + " bytes, it has " + std::to_string(entry.end - entry.begin));
  return entry;
}

}  // namespace

FileFacts write_safetensors(const std::filesystem::path& path, std::span<const TensorShape> tensors,
                            const std::function<void(std::size_t, std::span<float>)>& read) {
  FileWriter file(path, FileWriter::Mode::create);
  Xxh3 checksum;
  FileFacts facts;
  const auto write = [&](std::string_view bytes) {
    file.write(bytes);
    checksum.add(bytes);
    facts.bytes += static_cast<std::int64_t>(bytes.size());
  };
  const std::string header = header_text(tensors);
  const std::uint64_t length = header.size();
  write(std::string_view(reinterpret_cast<const char*>(&length), kLengthBytes));
  write(header);
  std::vector<float> values;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    values.resize(static_cast<std::size_t>(tensors[i].rows * tensors[i].cols));
    read(i, values);
    write(std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  }
  file.close();
  facts.checksum = checksum.value();
  return facts;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path, const FileFacts& facts, std::span<const TensorShape> expected)
    : file_(path) {
  const auto bytes = file_.bytes();
  const auto fail = [&](const std::string& problem) { return Error(Fault::bad_data, path.string(), problem); };
  if (static_cast<std::int64_t>(bytes.size()) != facts.bytes) {
    throw fail((static_cast<std::int64_t>(bytes.size()) < facts.bytes ? "truncated: " : "too long: ") +
               std::to_string(bytes.size()) + " bytes, expected " + std::to_string(facts.bytes));
  }
  if (xxh3(bytes) != facts.checksum) throw fail("changed: the checksum does not hold");

  // sizes first, so that no number in the file decides an allocation before it was held against the file's length
  std::uint64_t length = 0;
  if (bytes.size() < kLengthBytes) throw fail("shorter than the length of its header");
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kHeaderCap || length > bytes.size() - kLengthBytes)
    throw fail("its header of " + std::to_string(length) + " bytes is not inside the file");
  const Json header = parse_header(std::string(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length), path);
  const std::uint64_t data = bytes.size() - kLengthBytes - length;

  std::map<std::string, Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name != "__metadata__") entries.emplace(name, parse_entry(name, json, path));
  }
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  ranges.reserve(entries.size());
  for (const auto& [name, entry] : entries) ranges.emplace_back(entry.begin, entry.end);
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered)
      throw fail(begin < covered ? "two tensors overlap at byte " + std::to_string(begin)
                                 : "a hole before byte " + std::to_string(begin));
    covered = end;
  }
  if (covered != data) throw fail("its tensors cover " + std::to_string(covered) + " of " + std::to_string(data) + " bytes");

  for (const TensorShape& tensor : expected) {
    const auto found = entries.find(tensor.name);
    if (found == entries.end()) throw fail("tensor `" + tensor.name + "` is missing");
    if (found->second.shape != shape_of(tensor)) throw fail("tensor `" + tensor.name + "` has another shape than the model's");
    places_.push_back({kLengthBytes + length + found->second.begin, found->second.end - found->second.begin});
  }
  if (entries.size() != expected.size())
    throw fail("it holds " + std::to_string(entries.size()) + " tensors, expected " + std::to_string(expected.size()));
}

std::vector<float> SafetensorsFile::tensor(std::size_t index) const {
  const Place& place = places_.at(index);
  std::vector<float> values(place.bytes / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), file_.bytes().data() + place.offset, place.bytes);
  return values;
}

}  // namespace isoflop::checkpoint
