// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/normalise.h"

#include <algorithm>

namespace smic::proxy {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool decode_escapes(std::string_view path, std::string& out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    if (path.size() - i < 3) return false;
    const int high = hex_value(path[i + 1]);
    const int low = hex_value(path[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
    const char decoded = static_cast<char>(high * 16 + low);
    if (is_unreserved(decoded)) {
      out += decoded;
    } else {
      out += '%';
      out += kDigits[high];
      out += kDigits[low];
    }
    i += 2;
  }
  return true;
}

// RFC 3986 §5.2.4 for a path that begins with a slash, in place: what is written never overtakes
// what is read.
void remove_dot_segments(std::string& path) {
  std::size_t write = 0;
  std::size_t read = 0;
  while (read < path.size()) {
    std::size_t end = path.find('/', read + 1);  // the segment is "/…", from `read` to `end`
    if (end == std::string::npos) end = path.size();
    const std::string_view segment(path.data() + read + 1, end - read - 1);
    const bool last = end == path.size();
    if (segment == "." || segment == "..") {
      if (segment == ".." && write > 0) write = path.rfind('/', write - 1);
      if (last) path[write++] = '/';
    } else {
      std::copy_n(path.begin() + read, end - read, path.begin() + write);
      write += end - read;
    }
    read = end;
  }
  path.resize(write);
}

}  // namespace

std::optional<std::string_view> normalise_path(std::string_view path, std::string& scratch) {
  const bool escaped = path.find('%') != std::string_view::npos;
  const bool dotted = path.find("/.") != std::string_view::npos;
  if (!escaped && !dotted) return path;
  scratch.clear();
  if (!decode_escapes(path, scratch)) return std::nullopt;
  if (scratch.starts_with('/') && scratch.find("/.") != std::string::npos) {
    remove_dot_segments(scratch);
  }
  return scratch;
}

}  // namespace smic::proxy
