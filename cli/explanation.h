// SPDX-License-Identifier: Apache-2.0
// What happens to one request, and which resource lines decide: the thought behind `smic explain`.
//
// Two engines answer: ir::evaluate on the raw unit, which defines the meaning, and the unit's
// native image, which is what a proxy runs. Asking for the native one asks both, and a difference
// is our bug. The reasons always come from the raw unit: an image knows indices, not why.
//   explanation.cpp       which backends, allowed or not, and the outcome
//   native_answer.cpp     the same question to machine code
//   request.h             the question, as a person writes it
//   near_miss.h           why not: what would have to differ
//   render_explanation.cpp
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/mesh_addresses.h"
#include "compiler/compile.h"
#include "runtime/program/program.h"

namespace smic::cli {

struct Query {
  ir::Identity from;
  ir::ServiceRef to;
  ir::Port port = 0;       // 0 = no unit has this service
  bool datagrams = false;  // UDP is meant, which may share the number with TCP
  std::string method = "GET";
  std::string path = "/";                                    // normalised, without query
  std::vector<std::pair<std::string, std::string>> headers;  // names lower-case; explain() adds
                                                             // the method (ir::kMethodHeader)
};

enum class Outcome { forward, deny, unavailable, unknown_service };

struct BackendAnswer {
  ir::BackendRef backend;
  bool allowed = false;                 // some ready endpoint of it may be sent this request
  std::size_t ready = 0;                // endpoints that take traffic on this port
  std::vector<std::string> identities;  // who its endpoints are, sorted

  bool usable() const { return backend.weight > 0 && ready > 0; }
  bool operator==(const BackendAnswer&) const = default;
};

// One thing in a request that keeps a rule from applying to it.
struct Difference {
  enum class Part { source, protocol, port, method, path, header, nothing };  // nothing: never can
  Part part = Part::nothing;
  std::string name;               // of a header
  std::optional<std::string> is;  // absent: a header that is not there
  std::string must_be;            // of a path or header, the pattern to match
  bool operator==(const Difference&) const = default;
};

struct NearMiss {
  ir::Origin rule;                  // a TrafficTarget, or a TrafficSplit that was passed by
  std::optional<ir::Origin> match;  // the HTTPRouteGroup's match that comes nearest
  std::vector<Difference> differ;   // all of it would have to
  bool operator==(const NearMiss&) const = default;
};

struct Explanation {
  Outcome outcome = Outcome::unknown_service;
  ir::Protocol protocol = ir::Protocol::http;
  ir::AccessMode mode = ir::AccessMode::enforce;
  std::optional<ir::Origin> route;
  ir::RoutePolicy policy;               // how the proxy treats it, if it may go
  std::vector<BackendAnswer> backends;  // in the order written; what is not usable gives its share
                                        // to the others, unless the policy's shares are strict
  std::vector<ir::Origin> because;      // TrafficTargets that allow one of the backends
  std::string reason;                   // one sentence
  std::vector<NearMiss> nearest;        // rules that missed it by little, nearest first
  std::vector<std::string> hints;       // the same in words, and what else helps; may be empty
  MeshPlace place;                      // of the Service; of an unknown one empty
};

// Ports on which `service` is meshed, sorted.
std::vector<ir::Port> ports_of(const Frontend& front, const ir::ServiceRef& service);

// What an engine says, in the words of the unit.
struct Answer {
  std::vector<ir::BackendRef> backends;             // of the route taken, in the order written
  std::vector<contract::Destination> destinations;  // allowed; an empty identity is everybody
};

// The native images of a Frontend's units, each compiled and loaded when it is first asked.
class NativeUnits {
 public:
  explicit NativeUnits(CompileOptions options);  // code is for this machine

  Result<Answer> answer(const ir::Unit& unit, const Query& query);

 private:
  struct Loaded {
    contract::Unit names;
    std::shared_ptr<const program::Program> program;
  };
  Result<const Loaded*> load(const ir::Unit& unit);

  CompileOptions options_;
  std::map<const ir::Unit*, Loaded> loaded_;
};

// With `natives` the image answers, checked against the interpreter; without, the interpreter.
Result<Explanation> explain(const Frontend& front, const Query& query, NativeUnits* natives);

std::string render_human(const Query& query, const Explanation& explanation, bool colour);
std::string render_json(const Query& query, const Explanation& explanation,
                        const std::string& between = "\n ");

// ---- between the files of this thought --------------------------------------------------------

contract::Method method_of(const Query& query);
std::string place_of(const ir::Origin& origin);  // "access.yaml:3"

}  // namespace smic::cli
