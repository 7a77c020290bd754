// A folder holds one study of one text: its laws, page and tokenizer are those of all its runs.
#pragma once

#include <filesystem>

#include "isoflop/lab.h"
#include "lab/prepare.h"

namespace isoflop::lab {

/// More sizes, budgets or seeds join what a folder holds; another study, text or tokenizer does not. Files that are
/// not whole are no hindrance: they are written anew.
///
/// Throws   usage, with what differs, if `folder` holds a study of another name or kind, or none of its runs were made of these
///          texts with this tokenizer.
/// Checked  another_study_test.cc
void refuse_another_study(const Study& study, const Prepared& prepared, const std::filesystem::path& folder);

}  // namespace isoflop::lab
