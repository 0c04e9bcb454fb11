// SPDX-License-Identifier: Apache-2.0
// What the model asks of the rest of the mesh when it is given a part: is anything known to run,
// and which names are there that a wrong one may be a slip of.
#pragma once

#include <map>

#include "compiler/incremental/objects.h"
#include "compiler/model/model.h"

namespace smic::incremental {

class World final : public model::Surroundings {
 public:
  explicit World(Objects& objects) : objects_(objects) {}

  // An object comes (+1) or goes (-1). True if a name came or went with it.
  bool count(const resources::Set& object, int by);

  bool endpoints_are_known() const override;
  bool accounts_have_users() const override { return objects_.any(Role::any_pod); }
  std::vector<std::string> names(std::string_view kind, std::string_view ns) const override;
  std::string namespace_with(std::string_view kind, std::string_view name) const override;

 private:
  bool count(std::string_view kind, const resources::Metadata& meta, const std::string& name,
             int by);

  Objects& objects_;
  // By kind and namespace, how many objects speak of a name: of an account many pods do.
  using Names = std::map<std::string, int, std::less<>>;
  std::map<std::pair<std::string, std::string>, Names, std::less<>> names_;
  std::map<std::pair<std::string, std::string>, std::map<std::string, int>, std::less<>> where_;
};

}  // namespace smic::incremental
