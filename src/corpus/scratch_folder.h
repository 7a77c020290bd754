// A folder of its own that goes with the object, unless it was renamed into place.
#pragma once

#include <filesystem>
#include <string>

namespace isoflop::corpus {

class ScratchFolder {
 public:
  /// `prefix` begins its name, e.g. ".get-". Throws io.
  ScratchFolder(const std::filesystem::path& parent, const std::string& prefix);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Synced, readable by all, and by its new name. Throws io.
  void rename_to(const std::filesystem::path& place);

 private:
  std::filesystem::path path_;
};

}  // namespace isoflop::corpus
