local gen = coroutine.wrap(function(...) for _, v in ipairs({...}) do coroutine.yield(v) end end)
local ok, why = pcall(error, {code = 1})
local x <const> = gen(1, 2, 3)
repeat local y = gen() until y == 3
while x < 10 do break end
return ok, why, select("#", nil, nil), math.floor(3.7)
