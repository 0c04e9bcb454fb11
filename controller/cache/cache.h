// SPDX-License-Identifier: Apache-2.0
// Compiled units on disk, so that a program that starts again, or compiles the same mesh again,
// compiles nothing that any run of the same build compiled before: `smic compile --cache DIR`,
// `smic-controller --cache DIR`.
//
// - A file per unit, named by the digest of what the unit says (unit_compiler.h), of the target and
//   passes, and of the build of this program: what another version compiled is never found.
// - Written beside and renamed, so there is no half of a file under its name; read whole and
//   compared with the digest that it begins with, so what was damaged is deleted and compiled anew.
// - As large as one allows: beyond it, what was not used for longest goes. Any number of programs
//   may share a directory; what one takes away, another compiles again.
//
// The digest is no signature. Who may write the directory says what is enforced, so it is made for
// its owner alone, and failing to write is no failure of compiling: it is told once, and the next
// run just has more to do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "compiler/unit_compiler.h"

namespace smic::cache {

inline constexpr std::uint64_t kDefaultBytes = std::uint64_t{1} << 30;

// What the linker called this program: a hash of all that is in it.
std::string this_build();

// Makes the directory if need be. Fails if it cannot be written.
Result<std::shared_ptr<CompiledStore>> open(const std::string& directory,
                                            std::uint64_t most_bytes = kDefaultBytes,
                                            std::string build = this_build());

}  // namespace smic::cache
