local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local t = setmetatable({}, {__index = function(_, k) return k .. "!" end})
for i = 1, 6 do t[i] = fib(i) end
table.sort(t, function(a, b) return a > b end)
print(t.x, #t, table.concat(t, ","))
