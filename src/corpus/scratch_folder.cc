#include "corpus/scratch_folder.h"

#include <stdlib.h>

#include "base/file.h"
#include "isoflop/base.h"

namespace isoflop::corpus {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder(const fs::path& parent, const std::string& prefix) {
  std::string name = (fs::absolute(parent) / (prefix + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw Error(Fault::io, parent.string(), "cannot make a folder in it", "choose a folder you may write to with --out");
  }
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

void ScratchFolder::rename_to(const fs::path& place) {
  std::error_code error;
  fs::permissions(path_, fs::perms(0755), error);
  sync_folder(path_);
  fs::rename(path_, place, error);
  if (error) throw Error(Fault::io, place.string(), "cannot rename the finished folder into place: " + error.message());
  path_.clear();
  sync_folder(fs::absolute(place).parent_path());
}

}  // namespace isoflop::corpus
