// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/path_database.h"

#include <hs/hs.h>

#include "base/check.h"

namespace smic::bench {

PathDatabase::PathDatabase(const ir::Unit& unit) {
  std::vector<std::string> anchored;
  for (const ir::Match& match : unit.matches) anchored.push_back("^" + *match.path);
  std::vector<const char*> texts;
  std::vector<unsigned> ids;
  for (const std::string& text : anchored) {
    ids.push_back(static_cast<unsigned>(texts.size()));
    texts.push_back(text.c_str());
  }
  const std::vector<unsigned> flags(anchored.size(), HS_FLAG_SINGLEMATCH | HS_FLAG_DOTALL);
  hs_compile_error_t* error = nullptr;
  hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()),
                   HS_MODE_BLOCK, nullptr, &database_, &error);
  SMIC_CHECK(database_, "Vectorscan compiles");
  SMIC_CHECK(hs_alloc_scratch(database_, &scratch_) == HS_SUCCESS, "Vectorscan has its scratch");
}

PathDatabase::~PathDatabase() {
  hs_free_scratch(scratch_);
  hs_free_database(database_);
}

void PathDatabase::match(const std::string& path, std::vector<int>& found) const {
  const auto take = [](unsigned id, unsigned long long, unsigned long long, unsigned, void* to) {
    static_cast<std::vector<int>*>(to)->push_back(static_cast<int>(id));
    return 0;
  };
  hs_scan(database_, path.data(), static_cast<unsigned>(path.size()), 0, scratch_, take, &found);
}

}  // namespace smic::bench
