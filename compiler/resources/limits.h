// SPDX-License-Identifier: Apache-2.0
// Every limit on what is read, by name (DESIGN, invariant 2). Far above what real manifests need,
// far below what would exhaust memory, stack or patience; going over one is E51, or for files a
// Result error. Tested by limits_test.cpp.
#pragma once

#include <cstddef>

namespace smic::resources::limits {

inline constexpr std::size_t kTotalBytes = 512u << 20;    // all files of one run together
inline constexpr std::size_t kFiles = 100'000;            // files of one run
inline constexpr std::size_t kFolderDepth = 64;           // folders within folders
inline constexpr std::size_t kDocumentBytes = 64u << 20;  // one document of a stream
inline constexpr std::size_t kDocuments = 500'000;        // documents of one stream
inline constexpr std::size_t kDepth = 200;                // mappings and lists within each other
// Values of one document, with aliases counted as if written out: nine levels of ten aliases to the
// level below (the "billion laughs") end here.
inline constexpr std::size_t kNodes = 2'000'000;

}  // namespace smic::resources::limits
