using System;
using System.Collections.Generic;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Outspool
{
    /// <summary>The reason against a text that is not JSON.</summary>
    internal class JsonFault : Exception
    {
        internal JsonFault(string reason) : base(reason) { }
    }

    /// <summary>An object with its members in their order.</summary>
    internal class JsonObject
    {
        internal List<string> Names { get; } = new List<string>();
        private readonly Dictionary<string, object> values = new Dictionary<string, object>(StringComparer.Ordinal);

        internal bool Has(string name)
        {
            return values.ContainsKey(name);
        }

        /// <summary>The member of that name; null if it is null, or not there.</summary>
        internal object Get(string name)
        {
            object value;
            values.TryGetValue(name, out value);
            return value;
        }

        internal void Set(string name, object value)
        {
            if (!values.ContainsKey(name)) Names.Add(name);
            values[name] = value;
        }
    }

    /// <summary>A number as it is written: a whole number and a power of ten.</summary>
    internal class JsonNumber
    {
        internal string Text { get; }
        private readonly BigInteger digits;
        private readonly int exponent;

        internal JsonNumber(string text)
        {
            Text = text;
            var match = Regex.Match(text, @"\A(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?\z");
            var fraction = match.Groups[2].Value;
            digits = BigInteger.Parse(match.Groups[1].Value + fraction, Json.Invariant);
            exponent = (match.Groups[3].Success ? int.Parse(match.Groups[3].Value, Json.Invariant) : 0) - fraction.Length;
            while (!digits.IsZero && (digits % 10).IsZero)
            {
                digits /= 10;
                exponent++;
            }
            if (digits.IsZero) exponent = 0;
        }

        internal bool IsWhole { get { return exponent >= 0; } }

        /// <summary>Equal for equal numbers.</summary>
        internal string Key { get { return digits.ToString(Json.Invariant) + "e" + exponent; } }

        /// <summary>Tells whether the number may be calculated with: not with an exponent of thousands.</summary>
        internal bool IsPlain { get { return Math.Abs((long)exponent) < 1000; } }

        internal int CompareTo(JsonNumber other)
        {
            var least = Math.Min(exponent, other.exponent);
            return Raised(least).CompareTo(other.Raised(least));
        }

        internal bool IsMultipleOf(JsonNumber divisor)
        {
            var least = Math.Min(exponent, divisor.exponent);
            return divisor.digits.IsZero || (Raised(least) % divisor.Raised(least)).IsZero;
        }

        private BigInteger Raised(int least)
        {
            return digits * BigInteger.Pow(10, exponent - least);
        }
    }
}
