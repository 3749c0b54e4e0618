internal import Glibc
internal import JetonAPI

/// A time as calendar and clock on the wall show it; which moment that is depends on where the wall is.
struct CivilTime: Sendable, Equatable {
    var year: Int
    var month: Int
    var day: Int
    var hour = 0
    var minute = 0
    var second = 0

    /// Whether there is such a day and such a time: 30 February is none.
    var isOnCalendar: Bool {
        year > 0 && TimeZone.utc.civilTime(at: TimeZone.utc.moment(of: self)) == self
    }
}

/// What the C library knows of civil time, at one place.
public struct TimeZone: Sendable {
    let read: @Sendable (Moment) -> CivilTime
    let seconds: @Sendable (CivilTime) -> Int

    /// Where the user is: $TZ, else /etc/localtime (tzset(3)).
    public static let local = TimeZone(
        read: { moment in
            var seconds = time_t(moment.millisecondsSince1970 / 1000)
            var fields = unsafe tm()
            unsafe localtime_r(&seconds, &fields)
            return unsafe CivilTime(fields)
        },
        seconds: { time in
            var fields = unsafe time.fields
            // The C library finds out whether it is summer.
            unsafe fields.tm_isdst = -1
            return unsafe mktime(&fields)
        }
    )

    static let utc = TimeZone(
        read: { moment in
            var seconds = time_t(moment.millisecondsSince1970 / 1000)
            var fields = unsafe tm()
            unsafe gmtime_r(&seconds, &fields)
            return unsafe CivilTime(fields)
        },
        seconds: { time in
            var fields = unsafe time.fields
            return unsafe timegm(&fields)
        }
    )

    func civilTime(at moment: Moment) -> CivilTime { read(moment) }

    /// Of a day that is not on the calendar: so many days before or after one that is.
    func moment(of time: CivilTime) -> Moment {
        Moment(millisecondsSince1970: Int64(seconds(time)) * 1000)
    }
}

extension CivilTime {
    fileprivate init(_ fields: tm) {
        self.init(
            year: unsafe Int(fields.tm_year) + 1900,
            month: unsafe Int(fields.tm_mon) + 1,
            day: unsafe Int(fields.tm_mday),
            hour: unsafe Int(fields.tm_hour),
            minute: unsafe Int(fields.tm_min),
            second: unsafe Int(fields.tm_sec)
        )
    }

    fileprivate var fields: tm {
        var fields = unsafe tm()
        unsafe fields.tm_year = CInt(year - 1900)
        unsafe fields.tm_mon = CInt(month - 1)
        unsafe fields.tm_mday = CInt(day)
        unsafe fields.tm_hour = CInt(hour)
        unsafe fields.tm_min = CInt(minute)
        unsafe fields.tm_sec = CInt(second)
        return unsafe fields
    }
}
