// SPDX-License-Identifier: Apache-2.0
// Images on disk: DIR/<64 hex digits of the digest>. A file is compared with its name whenever it
// is read, so whatever happened to the disk, nobody gets other bytes than asked for.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/result.h"
#include "contract/contract.h"

namespace smic::subscribe {

class BlobStore {
 public:
  static Result<BlobStore> open(std::filesystem::path directory);

  // Why it is not there, or not it, is the caller's to tell.
  Result<contract::Bytes> get(const std::string& digest) const;
  Result<void> put(const std::string& digest, const contract::Bytes& bytes) const;
  void keep_only(const std::set<std::string>& digests) const;

 private:
  explicit BlobStore(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path directory_;
};

}  // namespace smic::subscribe
