// SPDX-License-Identifier: Apache-2.0
// Files that appear whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace smic::subscribe {

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);
enum class OnDisk { soon, now };  // now: on the disk before it has its name
Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes, OnDisk when);

std::unexpected<Error> system_error(const std::string& what);

}  // namespace smic::subscribe
