// What a user asked to be written, there whole or not at all. Every failure is Error{io}, naming the path.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace isoflop {

/// Where what a user names as output is written: a symbolic link stays one, and what it leads to is written, be it there or not.
[[nodiscard]] std::filesystem::path place_of(const std::filesystem::path& named);

/// A file that a user named, written as a stream: it takes its place when it is finished, and until then the old one stays. A
/// device or a pipe gets the bytes as they come; links are followed (place_of).
class OutputFile {
 public:
  /// Makes no folder.
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();  ///< without finish(): nothing is left, the old file is as it was
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes);
  void finish();  ///< synced; once, last

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Held by one process as long as the object lives; nothing of it is left in the folder. One that is not there is not held.
///
/// Throws   Error{failure} if another holds it.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int handle_;
};

/// A folder that goes with the object, unless it was moved into its place.
class ScratchFolder {
 public:
  /// At `path`, made anew: what a killed process left there is removed. Throws failure if another process writes it.
  explicit ScratchFolder(std::filesystem::path path);
  /// In `parent`, by a name of its own that begins with `prefix`.
  ScratchFolder(const std::filesystem::path& parent, const std::string& prefix);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Synced, and by its new name. False if something is there, which stays.
  [[nodiscard]] bool rename_to(const std::filesystem::path& place);
  /// The same in the place of what is there, in one step where the file system can. Where it fails, what is there stays.
  /// Needs   no symbolic link, which would be replaced itself (place_of).
  /// Throws  io; what is finished then stays where it is, and the error says where.
  void replace(const std::filesystem::path& place);
  void keep() { path_.clear(); }  ///< it stays when the object goes

 private:
  [[noreturn]] void not_moved(const std::filesystem::path& place, const std::error_code& error);
  std::filesystem::path path_;
  std::optional<FolderLock> lock_;
};

}  // namespace isoflop
