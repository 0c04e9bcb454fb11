// SPDX-License-Identifier: Apache-2.0
// Failure of the world (files, sockets, a peer, a bad image) as a value.
//
//   Result<Bytes> read_file(path);
//   auto bytes = read_file(path);
//   if (!bytes) return fail(bytes, "load image");   // "load image: read a.img: no such file"
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace smic {

struct Error {
  std::string message;  // lower-case start, no full stop, contexts joined by ": "

  Error with(std::string_view context) const {
    return Error{std::string(context) + ": " + message};
  }
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

// Passes on the error of `failed`, with `context` in front.
template <class T>
std::unexpected<Error> fail(const Result<T>& failed, std::string_view context) {
  return std::unexpected(failed.error().with(context));
}

}  // namespace smic
