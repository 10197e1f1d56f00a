-- Asks Sumun whether a request may go on, and puts what it says into the request.

local TIMEOUT = 5000

-- Fields of one hop, which are not repeated in the question.
local HOP = {
  connection = true, host = true, expect = true, te = true, trailer = true, upgrade = true,
  ["content-length"] = true, ["keep-alive"] = true, ["proxy-connection"] = true, ["transfer-encoding"] = true,
}

-- Letters and digits of a name: how applications may read it.
local function fold(name)
  return (name:lower():gsub("[^a-z0-9]", ""))
end

local EXACT = {}
for name in ([[remoteuser forwarded xrealip xclientip xclusterclientip xproxyuserip clientip trueclientip frontendhttps
    xhttpmethod xhttpmethodoverride xmethodoverride]]):gmatch("%S+") do
  EXACT[name] = true
end
local PREFIXES = { "xsumun", "xforwarded", "xoriginal", "xrewrite", "xreplaced", "cfconnecting" }

-- True for what only Sumun and this proxy may say.
local function is_ours(name)
  local folded = fold(name)
  if EXACT[folded] then return true end
  for _, prefix in ipairs(PREFIXES) do
    if folded:sub(1, #prefix) == prefix then return true end
  end
  return false
end

local function remove_ours(txn)
  for name in pairs(txn.http:req_get_headers()) do
    if is_ours(name) then txn.http:req_del_header(name) end
  end
end

-- Headers of the question: those of the request, and the request itself.
local function question(txn)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not HOP[name] and fold(name):sub(1, 10) ~= "xforwarded" then
      local list = {}
      for index = 0, #values do list[#list + 1] = values[index] end
      headers[name] = list
    end
  end
  headers["x-forwarded-method"] = { txn.sf:method() }
  headers["x-forwarded-proto"] = { txn:get_var("txn.proto") }
  headers["x-forwarded-host"] = { txn.sf:req_fhdr("host") }
  headers["x-forwarded-uri"] = { txn.sf:pathq() }
  headers["x-forwarded-for"] = { txn.sf:src() }
  return headers
end

local function first(response, name)
  local values = response.headers[name]
  return values and values[0]
end

-- Passes an answer of Sumun's on to the browser.
local function refuse(txn, response)
  local known = response and response.status and response.status >= 300 and response.status < 600
  local reply = txn:reply({ status = known and response.status or 503 })
  if known then
    for name, values in pairs(response.headers) do
      if not HOP[name] and name ~= "x-sumun-code" then
        for index = 0, #values do reply:add_header(name, values[index]) end
      end
    end
    reply:set_body(response.body or "")
  else
    reply:add_header("cache-control", "no-store")
  end
  txn:done(reply)
end

core.register_action("sumun_ask", { "http-req" }, function(txn)
  local asked, response = pcall(function()
    return core.httpclient():get({
      url = txn:get_var("txn.sumun_asks"), headers = question(txn), timeout = TIMEOUT,
    })
  end)
  if not asked then return refuse(txn, nil) end
  if not response or response.status ~= 200 then return refuse(txn, response) end

  remove_ours(txn)
  txn.http:req_del_header("cookie")
  local cookie = first(response, "cookie")
  if cookie then txn.http:req_set_header("cookie", cookie) end
  txn.http:req_set_header("x-request-id", first(response, "x-request-id") or "")
  for name, values in pairs(response.headers) do
    if name:sub(1, 8) == "x-sumun-" then txn.http:req_set_header(name, values[0]) end
  end
  txn.http:req_set_header("x-forwarded-for", txn.sf:src())
  txn.http:req_set_header("x-forwarded-proto", txn:get_var("txn.proto"))
  txn.http:req_set_header("x-forwarded-host", txn.sf:req_fhdr("host"))
end)

-- The pages are told who asks; their own host and path say the rest.
core.register_action("sumun_pages", { "http-req" }, function(txn)
  remove_ours(txn)
  txn.http:req_set_header("x-forwarded-for", txn.sf:src())
  txn.http:req_set_header("x-forwarded-proto", txn:get_var("txn.proto"))
end)
